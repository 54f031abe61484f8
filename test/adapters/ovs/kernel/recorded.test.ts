import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { FlowRecord } from '../../../../adapters/ovs/kernel/flow-record.ts';
import { FlowTranslator } from '../../../../adapters/ovs/kernel/flow-translator.ts';
import { FIELD_BITS } from '../../../../engine/model/match.ts';
import { readRecording, type Recording } from './recording.ts';
import { flowsOfMessages, flowsOfText } from './same-flows.ts';

const FOLDER = fileURLToPath(
  new URL('../../../../../test/adapters/ovs/kernel/recorded', import.meta.url),
);

/** Kinds of actions that the recording must have, as the model or OVS names them. */
const ACTIONS = [
  '"output"',
  '"push-vlan"',
  '"pop-vlan"',
  'set eth_dst',
  'set ipv4_src',
  'set ipv6_dst',
  'set udp_dst',
  'ct(',
  'ct_clear',
  'recirc(',
  'sample(',
  'clone(',
  'check_pkt_len(',
  'trunc(',
  'userspace(',
  'push_nsh(',
  'set(tunnel(',
];

/** Conditions outside the vocabulary that it must have. */
const TEXTS = [
  'skb_priority(',
  'skb_mark(',
  'ct_state(',
  'ct_zone(',
  'recirc_id(',
  'tunnel(',
  'mpls(',
];

describe('recorded flows of a kernel datapath', () => {
  let recording: Recording;

  before(() => {
    recording = readRecording(FOLDER, 'generated');
  });

  it('give the same matches and actions as their text', () => {
    const flows = flowsOfMessages(recording);
    assert(flows.size >= 300, `${flows.size} flows`);
    assert.deepEqual(flows, flowsOfText(recording.text));
  });

  it('have every field, and most conditions and actions', () => {
    const flows = JSON.stringify([...flowsOfMessages(recording).values()]).replaceAll('\\"', '"');
    const fields = Object.keys(FIELD_BITS).filter((field) => !flows.includes(`"${field}=`));
    assert.deepEqual(fields, [], 'fields without a flow');
    assert.deepEqual(
      [...ACTIONS, ...TEXTS].filter((word) => !flows.includes(word)),
      [],
    );
  });

  it('are read or rejected when they are cut anywhere, and never as another flow', () => {
    const record = new FlowRecord();
    const translator = new FlowTranslator();
    translator.setPorts(recording.ports);
    for (const message of recording.messages.slice(0, 60)) {
      record.read(message, 0, message.length);
      const [w0, w3] = [record.w0, record.w3];
      for (let length = 0; length < message.length; length++) {
        const cut = Buffer.from(message.subarray(0, length));
        if (!record.read(cut, 0, cut.length)) continue;
        // It ends between two attributes: the flow lacks some, but those that it has are the same.
        const flow = translator.translate(record);
        if (record.hasUfid) assert.deepEqual([record.w0, record.w3], [w0, w3]);
        if (record.actions === undefined || record.key === undefined) assert.equal(flow, undefined);
      }
    }
  });

  it('are read or rejected when bytes are changed', () => {
    const record = new FlowRecord();
    const translator = new FlowTranslator();
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    const changes = fc.array(change, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.nat(recording.messages.length - 1), changes, (n, all) => {
        const bytes = Buffer.from(recording.messages[n]);
        for (const [at, byte] of all) bytes[at % bytes.length] = byte;
        if (record.read(bytes, 0, bytes.length)) translator.translate(record);
      }),
      { numRuns: 20_000 },
    );
  });
});
