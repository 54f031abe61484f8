import type { ReasonCode } from '../../engine/model/reason.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import type { TraceFormat } from '../input/feed.ts';

/*
 * What a replay found: plain data that survives JSON, null where a number is not known. Times are
 * of the trace, in ms; shares from 0 to 1.
 */

export interface ReplayReport {
  readonly trace: TraceReport;
  readonly settings: ReplaySettings;
  /** In the order they were asked for. */
  readonly policies: readonly PolicyReport[];
  readonly overTime: OverTime;
}

export interface TraceReport {
  readonly file: string;
  readonly format: TraceFormat;
  /** ISO 8601; null: the trace does not tell. */
  readonly startedAt: string | null;
  readonly durationMs: number;
  readonly ticks: number;
  readonly packets: number;
  readonly bytes: number;
  /** Flows since the start, and at most at a time. */
  readonly flows: number;
  readonly mostFlows: number;
  /** Things to know about the trace, a sentence each. */
  readonly notes: readonly string[];
  /** Why it could not be read to its end; null: it was. */
  readonly failure: string | null;
  /** What the daemon did itself while it was recorded; null: the trace is no recording. */
  readonly recorded: RecordedReport | null;
}

export interface RecordedReport {
  readonly byteCoverage: number | null;
  readonly packetCoverage: number | null;
  readonly lostTicks: number;
  readonly missedFlows: number;
  readonly missedBytes: number;
}

export interface ReplaySettings {
  readonly entries: number;
  readonly fastPathEntries: number;
  /** Length of a tick; null: the recording's own. */
  readonly periodMs: number | null;
  /** Where the cost of a packet through the vSwitch is from. */
  readonly packetCost: 'given' | 'measured' | 'assumed';
}

/** Traffic by where it went. */
export interface Split {
  readonly vswitch: number;
  readonly carried: number;
}

export interface PolicyReport {
  readonly name: string;
  readonly bytes: Split;
  readonly packets: Split;
  /** Share carried off the vSwitch; null: there was no traffic. */
  readonly byteCoverage: number | null;
  readonly packetCoverage: number | null;
  readonly hostCpu: CpuEstimate;
  readonly entries: { readonly mean: number; readonly most: number };
  readonly operations: OperationsReport;
  readonly dwell: DwellReport;
  /** What went through the vSwitch, by why it did; most bytes first. */
  readonly onVswitch: readonly ReasonReport[];
  /** Operations that the table refused, by cause. */
  readonly refusals: readonly { readonly code: RefusalCode; readonly count: number }[];
  /** Most bytes first; the name of flows of no slice is null. */
  readonly slices: readonly SliceReport[];
}

/** An estimate: packets carried times the cost of a packet on the vSwitch. */
export interface CpuEstimate {
  /** CPU time of the host that was not needed, ms. */
  readonly savedMs: number;
  /** The same as CPUs, on the mean. */
  readonly savedCpus: number;
  /** Host CPU time of a packet through the vSwitch, on the mean, ns; null: none was carried. */
  readonly packetCostNs: number | null;
}

export interface OperationsReport {
  readonly put: number;
  readonly deleted: number;
  /** On the mean, and in the tick with the most. */
  readonly perSecond: number;
  readonly mostPerSecond: number;
}

/** How long entries lived. Those that were there at the end count with what they had by then. */
export interface DwellReport {
  readonly entries: number;
  readonly thereAtEnd: number;
  /** Percentiles, within 4.5 %; null: there was no entry. */
  readonly p10Ms: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly meanMs: number | null;
  readonly mostMs: number | null;
  /** Entries that lived `fromMs` or more, and less than twice that. */
  readonly histogram: readonly { readonly fromMs: number; readonly count: number }[];
}

export interface ReasonReport {
  readonly reason: ReasonCode;
  readonly text: string;
  readonly bytes: number;
  readonly packets: number;
  /** Flows that were where they were for it, times the time they were, s. */
  readonly flowSeconds: number;
}

export interface SliceReport {
  readonly name: string | null;
  readonly bytes: Split;
  readonly packets: Split;
  readonly byteCoverage: number | null;
  readonly packetCoverage: number | null;
  readonly entries: { readonly mean: number; readonly most: number };
}

/** Columns over time: one value a bucket in each. */
export interface OverTime {
  readonly bucketMs: number;
  /** Beginning of each bucket since the trace's start, ms. */
  readonly atMs: readonly number[];
  /** Time of the bucket that ticks cover, ms: the last one may be shorter. */
  readonly coveredMs: readonly number[];
  /** By policy, in their order. */
  readonly policies: readonly PolicyOverTime[];
}

export interface PolicyOverTime {
  readonly vswitchBytes: readonly number[];
  readonly vswitchPackets: readonly number[];
  readonly carriedBytes: readonly number[];
  readonly carriedPackets: readonly number[];
  /** Means; and the most. */
  readonly flows: readonly number[];
  readonly entries: readonly number[];
  readonly mostEntries: readonly number[];
  readonly operations: readonly number[];
  readonly refused: readonly number[];
}
