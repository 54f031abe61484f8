import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { LimitsView } from '../api/flow-views.ts';
import type { ShareView, ThroughputView } from '../api/status-view.ts';
import { PATHS } from '../api/paths.ts';
import { entriesInUse } from '../api/status-words.ts';
import { bitRate, packetRate, plainNumber, plainPacketRate, whole } from '../text/format.ts';

/** The owner of a share: a declared slice, or all other flows. */
export function shareOwner(share: ShareView | null): string {
  if (share === null) return 'its slice';
  return share.slice === null ? 'flows of no declared slice' : `slice ${share.slice}`;
}

/** Entries in use of the table that a flow is on or requests. */
export function inUse({ tableUsed, tableEntries, learnedEntries }: LimitsView): string {
  return entriesInUse({ used: tableUsed, entries: tableEntries, learnedEntries });
}

/** The slice has its maximum of entries. */
export function atMaximum(share: ShareView | null): string {
  return share === null
    ? 'its slice has its maximum of entries'
    : `${shareOwner(share)} has ${whole(share.used)} entries of a maximum of ${whole(share.maximum)}`;
}

/** The slice's share goes to flows with higher scores. */
export function shareTaken(share: ShareView | null): string {
  if (share === null) return 'the share of its slice goes to flows with higher scores';
  return (
    `the share of ${shareOwner(share)}, ${whole(share.share)} entries, goes to flows with higher scores ` +
    `(${whole(share.used)} used, ${whole(share.wanted)} wanted)`
  );
}

/** The fullest limit, and what is expected of the placed flows. */
export function limitReached({ throughput }: LimitsView, hard: boolean): string {
  const limits = throughput.filter((limit) => limit.hard === hard);
  const fullest = limits.toSorted((a, b) => fill(b) - fill(a)).at(0);
  if (fullest === undefined) return hard ? 'the fast path is full' : 'its NIC port is full';
  return `${limitName(fullest.name)} is nearly full (placed flows are expected to send ${expected(fullest)})`;
}

/** The limit of a whole backend is named by its placement. */
function limitName(name: string): string {
  const placement = PLACEMENT_NAMES.find((p) => p === name);
  return placement === undefined ? name : `the ${PATHS[placement].name}`;
}

/** Expected use of a limit: `9.20 Gbit/s of 10.0 Gbit/s`. */
export function expected(limit: ThroughputView): string {
  const { bitsPerSecond, packetsPerSecond } = limit;
  const packets = packetsPerSecond !== null && fill(limit) > bitFill(limit);
  if (packets) {
    return `${packetRate(limit.expectedPacketsPerSecond)} of ${packetRate(packetsPerSecond)}`;
  }
  const maximum = bitsPerSecond === null ? 'unlimited' : bitRate(bitsPerSecond);
  return `${bitRate(limit.expectedBitsPerSecond)} of ${maximum}`;
}

/** Expected use of a limit, 0 to 1 and above; the larger of its bits and packets. */
export function fill(limit: ThroughputView): number {
  return Math.max(bitFill(limit), part(limit.expectedPacketsPerSecond, limit.packetsPerSecond));
}

/** The flow is not worth an operation. */
export function worthTooLittle({ worth, threshold }: LimitsView): string {
  if (worth <= 0) return 'it is expected to send nothing';
  return threshold === null || threshold <= worth
    ? `it is expected to send only ${plainPacketRate(worth)}, too little to be worth an operation`
    : `it is expected to send only ${plainPacketRate(worth)}, below the threshold of ${plainNumber(threshold)}`;
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

function part(expected: number, maximum: number | null): number {
  return maximum === null ? 0 : expected / Math.max(1, maximum);
}
