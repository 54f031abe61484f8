import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { decode } from '../../../../protocols/openflow/codec/decode.ts';
import type { Message } from '../../../../protocols/openflow/codec/messages.ts';
import { printMessage } from '../../../../protocols/openflow/codec/print.ts';
import { Framer } from '../../../../protocols/openflow/wire/framer.ts';
import { packageRoot } from '../../../../platform/package-root.ts';
import { sameBytes } from './same-bytes.ts';

interface Recorded {
  readonly command: string;
  readonly ofctl: readonly Uint8Array[];
  readonly vswitchd: readonly Uint8Array[];
}

/** Fixtures are no sources, so that they are not where the compiled tests are. */
const FOLDER = join(packageRoot(), 'test/protocols/openflow/fixtures');

function sent(messages: unknown, by: string): Uint8Array[] {
  assert.ok(Array.isArray(messages));
  return messages.flatMap((text: unknown) => {
    assert.ok(typeof text === 'string');
    const [from, hex] = text.split(' ');
    return from === by ? [new Uint8Array(Buffer.from(hex, 'hex'))] : [];
  });
}

function load(name: string): Recorded[] {
  const json: unknown = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
  assert.ok(typeof json === 'object' && json !== null && 'exchanges' in json);
  assert.ok(Array.isArray(json.exchanges));
  return json.exchanges.map((exchange: unknown) => {
    assert.ok(typeof exchange === 'object' && exchange !== null);
    assert.ok('command' in exchange && typeof exchange.command === 'string');
    assert.ok('messages' in exchange);
    const { command, messages } = exchange;
    return {
      command,
      ofctl: sent(messages, 'ovs-ofctl'),
      vswitchd: sent(messages, 'ovs-vswitchd'),
    };
  });
}

/** What the switch answered to the command whose text has `words` in it. */
function answers(recorded: readonly Recorded[], words: string): Message[] {
  const found = recorded.filter((r) => r.command.includes(words));
  assert.ok(found.length > 0, words);
  return found.flatMap((r) => r.vswitchd.map((bytes) => decode(bytes).message));
}

for (const [name, version] of [
  ['ovs-openflow10.json', 1],
  ['ovs-openflow13.json', 4],
] as const) {
  describe(`openflow codec: ${name}`, () => {
    const recorded = load(name);

    it('every message: the same bytes when encoded again', () => {
      let count = 0;
      for (const { ofctl, vswitchd } of recorded) {
        for (const bytes of [...ofctl, ...vswitchd]) {
          sameBytes(bytes);
          count++;
        }
      }
      assert.ok(count > 100, `${count} messages`);
    });

    it('the switch replayed as a stream, cut anywhere, says what it said', () => {
      const all = recorded.flatMap((r) => r.vswitchd);
      const stream = Buffer.concat(all);
      const lines = all.map((bytes) => printMessage(decode(bytes).message, version));
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 3000 }), (size) => {
          const framer = new Framer();
          const replayed: string[] = [];
          for (let at = 0; at < stream.length; at += size) {
            for (const bytes of framer.push(stream.subarray(at, at + size))) {
              replayed.push(printMessage(decode(bytes).message, version));
            }
          }
          assert.deepEqual(replayed, lines);
        }),
        { numRuns: 20 },
      );
    });

    it('a monitor heard of what was added, changed and deleted', () => {
      const kinds = answers(recorded, 'monitor').flatMap((m) =>
        m.type === 'multipart-reply' && m.body.kind === 'flow-monitor'
          ? m.body.updates.map((u) => u.kind)
          : [],
      );
      assert.deepEqual(kinds.slice(-3), ['added', 'modified', 'deleted']);
    });

    it('the flows that were dumped are the flows that were added', () => {
      const kind = version === 1 ? 'nx-flow' : 'flow';
      const dump = version === 1 ? '-F nxm dump-flows SWITCH' : 'dump-flows SWITCH';
      const flows = answers(recorded, dump).flatMap((m) =>
        m.type === 'multipart-reply' && m.body.kind === kind ? m.body.flows : [],
      );
      const first = flows.find((f) => f.priority === 7);
      assert.equal(first?.cookie, 0x4e4b0001n);
      assert.equal(first?.idleTimeout, 60);
      assert.ok(first?.match.kind === 'oxm');
      const destination = first.match.fields.find(
        (f) => f.kind === 'field' && f.name === (version === 1 ? 'nxm_of_ip_dst' : 'ipv4_dst'),
      );
      assert.ok(destination?.kind === 'field');
      assert.deepEqual([...destination.value], [10, 0, 0, 0]);
      assert.deepEqual([...(destination.mask ?? [])], [255, 255, 255, 0]);
      assert.deepEqual(first.instructions, [
        { kind: 'apply-actions', actions: [{ kind: 'output', port: 2, maxLen: 0 }] },
      ]);
    });
  });
}
