import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { LimitsView } from '../api/flow-views.ts';
import type { ShareView, ThroughputView } from '../api/status-view.ts';
import { PATHS } from '../api/paths.ts';
import { entriesInUse } from '../api/status-words.ts';
import { bitRate, packetRate, plainNumber, plainPacketRate, whole } from '../text/format.ts';

/** Whose share it is: a declared slice's, or that of all others. */
export function whose(share: ShareView | null): string {
  if (share === null) return 'its slice';
  return share.slice === null ? 'flows of no declared slice' : `slice ${share.slice}`;
}

/** Entries in use of the table that a flow is on or asks for. */
export function inUse({ tableUsed, tableEntries, learnedEntries }: LimitsView): string {
  return entriesInUse({ used: tableUsed, entries: tableEntries, learnedEntries });
}

/** The slice has as many entries as it may. */
export function atMaximum(share: ShareView | null): string {
  return share === null
    ? 'its slice has its maximum of entries'
    : `${whose(share)} has ${whole(share.used)} entries of a maximum of ${whole(share.maximum)}`;
}

/** What is due to the slice goes to better flows of it. */
export function shareTaken(share: ShareView | null): string {
  if (share === null) return 'the share of its slice goes to flows with higher scores';
  return (
    `the share of ${whose(share)}, ${whole(share.share)} entries, goes to flows with higher scores ` +
    `(${whole(share.used)} used, ${whole(share.wanted)} wanted)`
  );
}

/** The limit that is nearest to be reached, with what is expected within it. */
export function limitReached({ throughput }: LimitsView, hard: boolean): string {
  const limits = throughput.filter((limit) => limit.hard === hard);
  const fullest = limits.toSorted((a, b) => fill(b) - fill(a)).at(0);
  if (fullest === undefined) return hard ? 'the fast path is full' : 'its NIC port is full';
  return `${limitName(fullest.name)} is nearly full (placed flows are expected to send ${expected(fullest)})`;
}

/** A limit that is a backend's as a whole has its placement's name. */
function limitName(name: string): string {
  const placement = PLACEMENT_NAMES.find((p) => p === name);
  return placement === undefined ? name : `the ${PATHS[placement].name}`;
}

/** Of a limit that is expected to be used: `9.20 Gbit/s of 10.0 Gbit/s`. */
export function expected(limit: ThroughputView): string {
  const { bitsPerSecond, packetsPerSecond } = limit;
  const packets = packetsPerSecond !== null && fill(limit) > bitFill(limit);
  if (packets) {
    return `${packetRate(limit.expectedPacketsPerSecond)} of ${packetRate(packetsPerSecond)}`;
  }
  const most = bitsPerSecond === null ? 'unlimited' : bitRate(bitsPerSecond);
  return `${bitRate(limit.expectedBitsPerSecond)} of ${most}`;
}

/** Share of a limit that is expected to be used, of its bits or its packets. */
export function fill(limit: ThroughputView): number {
  return Math.max(bitFill(limit), part(limit.expectedPacketsPerSecond, limit.packetsPerSecond));
}

/** The flow is not worth an operation. */
export function worthTooLittle({ worth: is, threshold }: LimitsView): string {
  if (is <= 0) return 'it is expected to send nothing';
  return threshold === null || threshold <= is
    ? `it is expected to send only ${plainPacketRate(is)}, too little to be worth an operation`
    : `it is expected to send only ${plainPacketRate(is)}, below the threshold of ${plainNumber(threshold)}`;
}

/** A swap would not be worth its operations. */
export function gainTooSmall({ swapGain }: LimitsView): string {
  return swapGain === null
    ? 'the flows with entries are worth nearly as much, and no swap gains enough now'
    : `displacing another flow would gain less than the ${plainPacketRate(swapGain)} that a swap must gain now`;
}

function bitFill(limit: ThroughputView): number {
  return part(limit.expectedBitsPerSecond, limit.bitsPerSecond);
}

function part(expected: number, most: number | null): number {
  return most === null ? 0 : expected / Math.max(1, most);
}
