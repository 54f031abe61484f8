import assert from 'node:assert/strict';
import { FlowRecord } from '../../../../adapters/ovs/kernel/flow-record.ts';
import { FlowTranslator } from '../../../../adapters/ovs/kernel/flow-translator.ts';
import type { FlowActions } from '../../../../engine/model/action.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import type { FlowMatch } from '../../../../engine/model/match.ts';
import { Reader } from '../dump/dump-lines.ts';
import type { Recording } from './recording.ts';

/** What flows are, apart from counters, in a form to compare. */
export interface PlainFlow {
  readonly match: unknown;
  readonly actions: unknown;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export function plainFlow(match: FlowMatch, actions: FlowActions): PlainFlow {
  return {
    match: {
      inPort: match.inPort,
      fields: match.fields.map((f) => `${f.field}=${hex(f.value)}/${hex(f.mask)}`),
      opaque: match.opaque.map(({ name, text }) => `${name}(${text})`),
    },
    actions: actions.map((action) =>
      action.kind === 'set'
        ? `set ${action.field}=${hex(action.value)}/${hex(action.mask)}`
        : JSON.stringify(action),
    ),
  };
}

/** The flows by ufid that the text parser reads. */
export function flowsOfText(text: string): Map<string, PlainFlow> {
  const reader = new Reader();
  const lines = text.split('\n').filter((line) => line !== '');
  const { skipped, firstSkipped } = reader.lines(...lines);
  assert.equal(skipped, 0, firstSkipped);
  const { table } = reader;
  return new Map(
    [...reader.rows()].map(([ufid, row]) => [
      ufid,
      plainFlow(table.matchAt(row), table.actionsAt(row)),
    ]),
  );
}

/** The flows by ufid that the kernel's messages give. */
export function flowsOfMessages({ messages, ports }: Recording): Map<string, PlainFlow> {
  const translator = new FlowTranslator();
  translator.setPorts(ports);
  const record = new FlowRecord();
  return new Map(
    messages.map((message) => {
      assert(record.read(message, 0, message.length), message.toString('hex'));
      const flow = translator.translate(record);
      assert(flow !== undefined, message.toString('hex'));
      return [formatFlowId(record), plainFlow(flow.match, flow.actions)];
    }),
  );
}
