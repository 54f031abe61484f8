import assert from 'node:assert/strict';
import type { ComposedConnection } from '../../../../engine/connections/chain/compose.ts';
import { actionsText } from '../../../../engine/model/action-text.ts';
import { sequenceOf } from '../../../../lab/testbed/packets.ts';
import { describeMatch } from '../../../../views/describe-flow.ts';
import type { Seeded } from '../../../support/seeded.ts';
import { matches, seenOf } from '../../nic/xdp/support/model.ts';
import { frameOf, sentBy } from './frames.ts';
import type { Shape } from './pipelines.ts';
import type { ChainRig, Direction } from './rig.ts';

/** Packets of each direction of a connection. */
const PACKETS = 12;
const OTHER_MAC = '02:00:00:00:00:77';
/** Without SYN, FIN and RST. */
const FLAGS = [0x10, 0x18, 0x30, 0x50];
const PROTOCOLS = [6, 6, 17];

/** Packets that were judged. */
export interface Judged {
  /** Other packets of the connections: the entry leaves them to the vSwitch. */
  unmatched: number;
  delivered: number;
  dropped: number;
}

/**
 * Makes connections through a pipeline, composes their entries, and sends packets that these match
 * through the vSwitch: it must send the very bytes that the entry would send, and nothing else.
 */
export async function judge(rig: ChainRig, shape: Shape, r: Seeded): Promise<Judged> {
  // The ports of the first and the last are even, and that of the second is odd.
  const clients = PROTOCOLS.map((protocol, n) => ({
    protocol,
    port: 40_000 + n + 10 * r.below(2_000),
  }));
  const directions = (await rig.connect(shape, clients)).flat();
  const composed = await rig.composeAll(directions);
  const judged: Judged = { unmatched: 0, delivered: 0, dropped: 0 };
  for (const from of [1, 2] as const) {
    const frames: Buffer[] = [];
    const expected = new Map<number, string>();
    for (const [i, direction] of directions.entries()) {
      if (direction.from !== from) continue;
      for (const frame of packetsOf(rig, r, direction)) {
        if (!matches(composed[i].match, seenOf(frame)?.fields ?? new Map())) {
          judged.unmatched++;
          continue;
        }
        frames.push(frame);
        const bytes = deliveredBy(composed[i], frame, from);
        if (bytes === undefined) judged.dropped++;
        else expected.set(sequenceOf(frame) ?? -1, bytes);
      }
    }
    judged.delivered += expected.size;
    const got = await rig.deliver(from, frames);
    const actual = new Map([...got].map(([number, frame]) => [number, frame.toString('hex')]));
    const sorted = (of: ReadonlyMap<number, string>) => [...of].sort(([a], [b]) => a - b);
    assert.deepEqual(sorted(actual), sorted(expected), `packets from vm${from}`);
  }
  return judged;
}

function packetsOf(rig: ChainRig, r: Seeded, { ends }: Direction): readonly Buffer[] {
  return Array.from({ length: PACKETS }, () =>
    frameOf(
      { ...ends, srcMac: r.chance(0.2) ? OTHER_MAC : ends.srcMac },
      rig.details({
        flags: r.pick(FLAGS),
        ttl: r.chance(0.6) ? 64 : r.between(2, 255),
        tos: r.chance(0.6) ? 0 : r.below(256),
        more: r.below(200),
      }),
    ),
  );
}

/** What the entry sends to the other VM; undefined for a drop. */
function deliveredBy(entry: ComposedConnection, frame: Buffer, from: 1 | 2): string | undefined {
  const output = entry.actions.at(-1);
  if (output === undefined) return undefined;
  const what = `${describeMatch(entry.match)} -> ${actionsText(entry.actions)}`;
  assert.ok(output.kind === 'output' && output.port === `vm${3 - from}`, what);
  return sentBy(frame, entry.actions).toString('hex');
}
