import type { BackendOperation } from '../../engine/loop/tick-report.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import { Placement } from '../../engine/model/flow.ts';
import { REASONS } from '../../engine/model/reason.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import { LogHistogram } from './log-histogram.ts';
import { SlicesSums } from './slice-sums.ts';
import { TimeBuckets } from './time-buckets.ts';

/** Columns of the sums over time. */
export const Column = {
  vswitchBytes: 0,
  vswitchPackets: 1,
  carriedBytes: 2,
  carriedPackets: 3,
  /** Entries and flows times the time they were there. */
  entryMs: 4,
  flowMs: 5,
  mostEntries: 6,
  operations: 7,
  refused: 8,
  /** Time that the bucket's ticks cover, ms. */
  ms: 9,
} as const;
const COLUMNS = Object.keys(Column).length;
const PATH_SUMS = ['vswitchBytes', 'vswitchPackets', 'carriedBytes', 'carriedPackets'] as const;

/** What one policy led to over a trace. Bounded, however long that is. */
export class PolicyMeasures {
  vswitchBytes = 0;
  vswitchPackets = 0;
  carriedBytes = 0;
  carriedPackets = 0;
  /** Estimate of the host CPU time that carried packets would have taken on the vSwitch, ns. */
  savedNs = 0;
  /** Time summed up, ms, and how much of it the entries were used. */
  ms = 0;
  entryMs = 0;
  mostEntries = 0;
  puts = 0;
  deletes = 0;
  /** Most operations in one tick, as a rate. */
  mostOperationsPerSecond = 0;
  readonly refusals = new Map<RefusalCode, number>();
  readonly dwell = new LogHistogram();
  readonly slices = new SlicesSums();
  readonly overTime: TimeBuckets;
  /** By reason: what went through the vSwitch for it, and the flows that were there for it. */
  readonly reasonBytes = new Float64Array(REASONS.length);
  readonly reasonPackets = new Float64Array(REASONS.length);
  readonly reasonFlowMs = new Float64Array(REASONS.length);
  #fromMs = 0;
  #toMs = 0;
  /** Of the sums above, what is in the sums over time already. */
  readonly #told = { vswitchBytes: 0, vswitchPackets: 0, carriedBytes: 0, carriedPackets: 0 };

  constructor(periodMs: number) {
    this.overTime = new TimeBuckets(COLUMNS, [Column.mostEntries], periodMs);
  }

  /** Begins a tick from `fromMs` until `toMs` since the trace's start. */
  begin(fromMs: number, toMs: number): void {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  /** What one flow sent in the tick, by path; the vSwitch's part was there for `reason`. */
  sent(reason: number, packets: number, bytes: number, byVswitch: number, ofThem: number): void {
    this.vswitchPackets += byVswitch;
    this.vswitchBytes += ofThem;
    this.carriedPackets += packets - byVswitch;
    this.carriedBytes += bytes - ofThem;
    this.reasonPackets[reason] += byVswitch;
    this.reasonBytes[reason] += ofThem;
  }

  /**
   * Ends a tick of `ms`: who had entries in it, and why the others had none.
   *
   * @param packetCostNs host CPU time of a packet through the vSwitch, ns
   */
  end(table: FlowTable, entries: number, ms: number, packetCostNs: number): void {
    this.savedNs += (this.carriedPackets - this.#told.carriedPackets) * packetCostNs;
    const { placement, reason, slice } = table.decision;
    const sums = this.slices.all;
    for (const s of sums) s.entries = 0;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      this.reasonFlowMs[reason[row]] += ms;
      if (placement[row] !== Placement.onload) sums[this.slices.placeOf(slice[row])].entries++;
    }
    for (const s of sums) {
      s.entryMs += s.entries * ms;
      s.mostEntries = Math.max(s.mostEntries, s.entries);
    }
    this.ms += ms;
    this.entryMs += entries * ms;
    this.mostEntries = Math.max(this.mostEntries, entries);
    this.#add(Column.entryMs, entries * ms);
    this.#add(Column.flowMs, table.count * ms);
    this.#add(Column.mostEntries, entries);
    this.#add(Column.ms, ms);
    for (const path of PATH_SUMS) {
      this.#add(Column[path], this[path] - this.#told[path]);
      this.#told[path] = this[path];
    }
  }

  /** Operations of a tick that took `ms`. */
  applied(operations: readonly BackendOperation[], ms: number): void {
    if (operations.length === 0) return;
    let refused = 0;
    for (const { kind, result } of operations) {
      if (kind === 'put') this.puts++;
      else this.deletes++;
      if (result.ok) continue;
      refused++;
      const { code } = result.refusal;
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    }
    this.mostOperationsPerSecond = Math.max(
      this.mostOperationsPerSecond,
      (operations.length * 1000) / ms,
    );
    this.#add(Column.operations, operations.length);
    this.#add(Column.refused, refused);
  }

  #add(column: number, value: number): void {
    this.overTime.add(column, this.#fromMs, this.#toMs, value);
  }
}
