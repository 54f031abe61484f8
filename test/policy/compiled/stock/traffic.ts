import type { FlowTable } from '../../../../engine/model/flow-table.ts';
import type { Seeded } from '../../../support/seeded.ts';
import { amount, signedAmount } from './quantities.ts';

/** Facts for json-rules-engine; missing facts are absent or undefined. */
export type Facts = Readonly<Record<string, unknown>>;

const PLACEMENTS = ['onload', 'offload', 'fast-path'];

/** Chooses a flow's traffic and placement, writes them to the table and returns them as facts. */
export function writeTraffic(random: Seeded, table: FlowTable, row: number, nowMs: number): Facts {
  const { traffic, rates, forecast, decision } = table;
  const bits = amount(random, 'bit/s');
  const packets = random.chance(0.2) ? 0 : amount(random, 'packet/s');
  const [v, c] = [amount(random, 'byte'), amount(random, 'byte')];
  const [vp, cp] = [amount(random, 'packet'), amount(random, 'packet')];
  const ages = [amount(random, 'ms'), amount(random, 'ms'), amount(random, 'ms')]
    .map((ms) => Math.min(Math.round(ms), nowMs))
    .toSorted((a, b) => a - b);
  const [idleMs, placedMs, ageMs] = ages;
  const facts = {
    bitsPerSecond: bits,
    packetsPerSecond: packets,
    lastBitsPerSecond: amount(random, 'bit/s'),
    lastPacketsPerSecond: amount(random, 'packet/s'),
    expectedBitsPerSecond: amount(random, 'bit/s'),
    expectedPacketsPerSecond: amount(random, 'packet/s'),
    worth: amount(random, 'packet/s'),
    bytesPerPacket: packets === 0 ? undefined : bits / 8 / packets,
    vswitchBytes: v,
    carriedBytes: c,
    bytes: v + c,
    vswitchPackets: vp,
    carriedPackets: cp,
    packets: vp + cp,
    ageMs,
    idleMs,
    placedMs,
    refusals: random.below(4),
    placement: random.pick(PLACEMENTS),
    skew: random.chance(0.2) ? undefined : signedAmount(random, 'bit/s'),
    drift: random.chance(0.2) ? undefined : signedAmount(random, 'packet/s'),
  };
  rates.bitsPerSecond[row] = bits;
  rates.packetsPerSecond[row] = packets;
  rates.lastBitsPerSecond[row] = facts.lastBitsPerSecond;
  rates.lastPacketsPerSecond[row] = facts.lastPacketsPerSecond;
  forecast.bitsPerSecond[row] = facts.expectedBitsPerSecond;
  forecast.packetsPerSecond[row] = facts.expectedPacketsPerSecond;
  forecast.worth[row] = facts.worth;
  traffic.vswitchBytes[row] = v;
  traffic.carriedBytes[row] = c;
  traffic.vswitchPackets[row] = vp;
  traffic.carriedPackets[row] = cp;
  traffic.firstSeenMs[row] = nowMs - ageMs;
  traffic.lastActiveMs[row] = nowMs - idleMs;
  decision.placedSinceMs[row] = nowMs - placedMs;
  decision.refusals[row] = facts.refusals;
  decision.placement[row] = PLACEMENTS.indexOf(facts.placement);
  return facts;
}
