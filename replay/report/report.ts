import type { ReasonCode } from '../../engine/model/reason.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import type { TraceFormat } from '../input/feed.ts';

/*
 * Report of a replay: plain data for JSON, with null for unknown numbers. Times are trace times in
 * ms; shares are from 0 to 1.
 */

export interface ReplayReport {
  readonly trace: TraceReport;
  readonly settings: ReplaySettings;
  /** In the order of the candidates. */
  readonly policies: readonly PolicyReport[];
  readonly overTime: OverTime;
}

export interface TraceReport {
  readonly file: string;
  readonly format: TraceFormat;
  /** ISO 8601; null if unknown. */
  readonly startedAt: string | null;
  readonly durationMs: number;
  readonly ticks: number;
  readonly packets: number;
  readonly bytes: number;
  /** Flows over the whole trace, and the maximum at a time. */
  readonly flows: number;
  readonly maxFlows: number;
  /** Notes on the trace, a sentence each. */
  readonly notes: readonly string[];
  /** Why reading it failed; null if it was read to its end. */
  readonly failure: string | null;
  /** Results of the recorded daemon; null if the trace is not a recording. */
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
  /** Length of a tick; null if the trace is a recording, which has its own ticks. */
  readonly periodMs: number | null;
  /** Source of the cost per packet on the vSwitch. */
  readonly packetCost: 'given' | 'measured' | 'assumed';
}

/** Traffic by path. */
export interface Split {
  readonly vswitch: number;
  readonly carried: number;
}

export interface PolicyReport {
  readonly name: string;
  readonly bytes: Split;
  readonly packets: Split;
  /** Share carried off the vSwitch; null if there was no traffic. */
  readonly byteCoverage: number | null;
  readonly packetCoverage: number | null;
  readonly hostCpu: CpuEstimate;
  readonly entries: { readonly mean: number; readonly max: number };
  readonly operations: OperationsReport;
  readonly dwell: DwellReport;
  /** Traffic through the vSwitch by reason; most bytes first. */
  readonly onVswitch: readonly ReasonReport[];
  /** Refused operations, by refusal code. */
  readonly refusals: readonly { readonly code: RefusalCode; readonly count: number }[];
  /** Most bytes first; `name` is null for flows of no slice. */
  readonly slices: readonly SliceReport[];
}

/** Estimate: packets carried times the cost per packet on the vSwitch. */
export interface CpuEstimate {
  /** Host CPU time saved, ms. */
  readonly savedMs: number;
  /** Mean number of CPUs saved. */
  readonly savedCpus: number;
  /** Mean host CPU time per packet on the vSwitch, ns; null if no packet was carried. */
  readonly packetCostNs: number | null;
}

export interface OperationsReport {
  readonly put: number;
  readonly deleted: number;
  /** Mean rate, and the rate in the tick with the most operations. */
  readonly perSecond: number;
  readonly maxPerSecond: number;
}

/** Lifetimes of entries. Entries that exist at the end count with their age. */
export interface DwellReport {
  readonly entries: number;
  readonly thereAtEnd: number;
  /** Percentiles, within 4.5 %; null without entries. */
  readonly p10Ms: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly meanMs: number | null;
  readonly maxMs: number | null;
  /** Number of entries with a lifetime from `fromMs` to less than twice that. */
  readonly histogram: readonly { readonly fromMs: number; readonly count: number }[];
}

export interface ReasonReport {
  readonly reason: ReasonCode;
  readonly text: string;
  readonly bytes: number;
  readonly packets: number;
  /** Flows with this reason times their time with it, s. */
  readonly flowSeconds: number;
}

export interface SliceReport {
  readonly name: string | null;
  readonly bytes: Split;
  readonly packets: Split;
  readonly byteCoverage: number | null;
  readonly packetCoverage: number | null;
  readonly entries: { readonly mean: number; readonly max: number };
}

/** Columns over time: one value per bucket. */
export interface OverTime {
  readonly bucketMs: number;
  /** Start of each bucket since the trace's start, ms. */
  readonly atMs: readonly number[];
  /** Time of the bucket covered by ticks, ms; less than the width in the last one. */
  readonly coveredMs: readonly number[];
  /** In the order of the policies. */
  readonly policies: readonly PolicyOverTime[];
}

export interface PolicyOverTime {
  readonly vswitchBytes: readonly number[];
  readonly vswitchPackets: readonly number[];
  readonly carriedBytes: readonly number[];
  readonly carriedPackets: readonly number[];
  /** Means, and the maximum of entries. */
  readonly flows: readonly number[];
  readonly entries: readonly number[];
  readonly maxEntries: readonly number[];
  readonly operations: readonly number[];
  readonly refused: readonly number[];
}
