import type { LimitsView } from '../api/flow-views.ts';
import type { BackendView, ShareView, ThroughputView } from '../api/status-view.ts';
import { bitRate, packetRate } from '../text/format.ts';
import { score, worth } from './score.ts';

/** Limits that are a backend's as a whole have its placement's name. */
const PATHS: ReadonlyMap<string, string> = new Map([
  ['fast-path', 'the fast path'],
  ['offload', 'the NIC'],
]);

/** Whose share it is: a declared slice's, or that of all others. */
export function whose(share: ShareView | null): string {
  if (share === null) return 'its slice';
  return share.slice === null ? 'flows of no declared slice' : `slice ${share.slice}`;
}

/** Entries in use, of those that fit: fewer than declared when the planner has learned so. */
export function entriesInUse(
  table: Pick<BackendView, 'used' | 'entries' | 'learnedEntries'>,
): string {
  const { used, entries, learnedEntries } = table;
  return learnedEntries < entries
    ? `${used} of ${learnedEntries} entries that fit (${entries} declared)`
    : `${used} of ${entries} entries`;
}

/** The same of the table that a flow is on or asks for. */
export function inUse({ tableUsed, tableEntries, learnedEntries }: LimitsView): string {
  return entriesInUse({ used: tableUsed, entries: tableEntries, learnedEntries });
}

/** The slice has as many entries as it may. */
export function atMaximum(share: ShareView | null): string {
  return share === null
    ? 'its slice has as many entries as it may have'
    : `${whose(share)} has ${whole(share.used)} of the ${whole(share.maximum)} entries it may have`;
}

/** What is due to the slice goes to better flows of it. */
export function shareTaken(share: ShareView | null): string {
  if (share === null) return 'the entries that are due to its slice go to better flows of it';
  const goes = share.slice === null ? 'a better one (they have' : 'a better flow of it (it has';
  return (
    `each of the ${whole(share.share)} entries that are due to ${whose(share)} now goes to ` +
    `${goes} ${whole(share.used)}, and ${whole(share.wanted)} are wanted)`
  );
}

/** The limit that is nearest to be reached, with what is expected within it. */
export function limitReached({ throughput }: LimitsView, hard: boolean): string {
  const limits = throughput.filter((limit) => limit.hard === hard);
  const fullest = limits.toSorted((a, b) => fill(b) - fill(a)).at(0);
  if (fullest === undefined) return hard ? 'the fast path is full' : 'its NIC port is full';
  const name = PATHS.get(fullest.name) ?? fullest.name;
  return `${name} is as good as full (${expected(fullest)} expected of placed flows)`;
}

/** Of a limit that is expected to be used: `9.20 Gbit/s of 10.0 Gbit/s`. */
export function expected(limit: ThroughputView): string {
  const { bitsPerSecond, packetsPerSecond } = limit;
  const packets = packetsPerSecond !== null && fill(limit) > bitFill(limit);
  if (packets) {
    return `${packetRate(limit.expectedPacketsPerSecond)} of ${packetRate(packetsPerSecond)}`;
  }
  const most = bitsPerSecond === null ? 'any number' : bitRate(bitsPerSecond);
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
    ? `only ${worth(is)} are expected of it, too little to be worth an operation`
    : `only ${worth(is)} are expected of it, and from ${score(threshold)} on a flow is worth an operation`;
}

/** A swap would not be worth its operations. */
export function gainTooSmall({ swapGain }: LimitsView): string {
  return swapGain === null
    ? 'the entries go to flows that are hardly worse, and no swap gains enough to be worth it now'
    : 'to take the entry of a worse flow would gain less than the ' +
        `${worth(swapGain)} that a swap has to gain now`;
}

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A number of entries or flows. */
export function whole(n: number): string {
  return WHOLE.format(n);
}

function bitFill(limit: ThroughputView): number {
  return part(limit.expectedBitsPerSecond, limit.bitsPerSecond);
}

function part(expected: number, most: number | null): number {
  return most === null ? 0 : expected / Math.max(1, most);
}
