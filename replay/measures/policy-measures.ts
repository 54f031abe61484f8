import type { BackendOperation } from '../../engine/loop/tick-report.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import { Placement } from '../../engine/model/flow.ts';
import { REASONS } from '../../engine/model/reason.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import { LogHistogram } from './log-histogram.ts';
import { SliceTotals } from './slice-sums.ts';
import { TimeBuckets } from './time-buckets.ts';

/** Columns of the time buckets. */
export const Column = {
  vswitchBytes: 0,
  vswitchPackets: 1,
  carriedBytes: 2,
  carriedPackets: 3,
  /** Entries and flows times their duration. */
  entryMs: 4,
  flowMs: 5,
  maxEntries: 6,
  operations: 7,
  refused: 8,
  /** Time covered by ticks, ms. */
  ms: 9,
} as const;
const COLUMNS = Object.keys(Column).length;
const PATH_SUMS = ['vswitchBytes', 'vswitchPackets', 'carriedBytes', 'carriedPackets'] as const;

/** Results of one policy over a trace, in bounded memory. */
export class PolicyMeasures {
  vswitchBytes = 0;
  vswitchPackets = 0;
  carriedBytes = 0;
  carriedPackets = 0;
  /** Estimate of the host CPU time that carried packets would have taken on the vSwitch, ns. */
  savedNs = 0;
  /** Time played, ms, and entries times that time. */
  ms = 0;
  entryMs = 0;
  maxEntries = 0;
  puts = 0;
  deletes = 0;
  /** Highest rate of operations in one tick. */
  maxOperationsPerSecond = 0;
  readonly refusals = new Map<RefusalCode, number>();
  readonly dwell = new LogHistogram();
  readonly slices = new SliceTotals();
  readonly overTime: TimeBuckets;
  /** By reason: traffic through the vSwitch, and flows times their time. */
  readonly reasonBytes = new Float64Array(REASONS.length);
  readonly reasonPackets = new Float64Array(REASONS.length);
  readonly reasonFlowMs = new Float64Array(REASONS.length);
  #fromMs = 0;
  #toMs = 0;
  /** Totals that are already in the time buckets. */
  readonly #bucketed = { vswitchBytes: 0, vswitchPackets: 0, carriedBytes: 0, carriedPackets: 0 };

  constructor(periodMs: number) {
    this.overTime = new TimeBuckets(COLUMNS, [Column.maxEntries], periodMs);
  }

  /** Starts a tick from `fromMs` to `toMs` since the trace's start. */
  startTick(fromMs: number, toMs: number): void {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  /** Adds a flow's traffic in the tick; `reason`: why a part of it went through the vSwitch. */
  addTraffic(
    reason: number,
    packets: number,
    bytes: number,
    vswitchPackets: number,
    vswitchBytes: number,
  ): void {
    this.vswitchPackets += vswitchPackets;
    this.vswitchBytes += vswitchBytes;
    this.carriedPackets += packets - vswitchPackets;
    this.carriedBytes += bytes - vswitchBytes;
    this.reasonPackets[reason] += vswitchPackets;
    this.reasonBytes[reason] += vswitchBytes;
  }

  /**
   * Ends a tick of `ms`: counts entries by slice and flows by reason.
   *
   * @param packetCostNs host CPU time per packet on the vSwitch, ns
   */
  endTick(table: FlowTable, entries: number, ms: number, packetCostNs: number): void {
    this.savedNs += (this.carriedPackets - this.#bucketed.carriedPackets) * packetCostNs;
    const { placement, reason, slice } = table.decision;
    const sums = this.slices.all;
    for (const s of sums) s.entries = 0;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      this.reasonFlowMs[reason[row]] += ms;
      if (placement[row] !== Placement.onload) sums[this.slices.indexOf(slice[row])].entries++;
    }
    for (const s of sums) {
      s.entryMs += s.entries * ms;
      s.maxEntries = Math.max(s.maxEntries, s.entries);
    }
    this.ms += ms;
    this.entryMs += entries * ms;
    this.maxEntries = Math.max(this.maxEntries, entries);
    this.#add(Column.entryMs, entries * ms);
    this.#add(Column.flowMs, table.count * ms);
    this.#add(Column.maxEntries, entries);
    this.#add(Column.ms, ms);
    for (const path of PATH_SUMS) {
      this.#add(Column[path], this[path] - this.#bucketed[path]);
      this.#bucketed[path] = this[path];
    }
  }

  /** Adds the operations of a tick of `ms`. */
  addOperations(operations: readonly BackendOperation[], ms: number): void {
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
    this.maxOperationsPerSecond = Math.max(
      this.maxOperationsPerSecond,
      (operations.length * 1000) / ms,
    );
    this.#add(Column.operations, operations.length);
    this.#add(Column.refused, refused);
  }

  #add(column: number, value: number): void {
    this.overTime.add(column, this.#fromMs, this.#toMs, value);
  }
}
