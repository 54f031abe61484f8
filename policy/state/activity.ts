import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { Float64Column } from '../../engine/model/row-columns.ts';
import type { SideTable } from '../../engine/model/side-table.ts';

/**
 * A flow with this rate in a tick is busy; below, it sends only heartbeats, keep-alives and stray
 * packets. In a tick of 250 ms, the rate is five packets. Large segments (GSO) are few packets
 * with many bits, so bits count as well.
 */
const BUSY_PACKETS_PER_SECOND = 20;
const BUSY_BITS_PER_SECOND = 1_000_000;

/**
 * Records when each flow was last busy. Smoothed rates cannot show this: a flow that stops at
 * 3 Gbit/s has a large smoothed rate for many seconds.
 */
export class Activity {
  readonly #busyAtMs: Float64Column;
  #sinceMs = Number.NEGATIVE_INFINITY;

  /** @param byFlow a side table with the lifetime `flow`, which follows the flow table */
  constructor(byFlow: SideTable) {
    this.#busyAtMs = byFlow.float64(Number.NEGATIVE_INFINITY);
  }

  /** Call once per tick, after the rates were updated. */
  update(table: FlowTable, nowMs: number): void {
    if (this.#sinceMs === Number.NEGATIVE_INFINITY) this.#sinceMs = nowMs;
    const busyAtMs = this.#busyAtMs.values;
    const packets = table.rates.lastPacketsPerSecond;
    const bits = table.rates.lastBitsPerSecond;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (packets[row] >= BUSY_PACKETS_PER_SECOND || bits[row] >= BUSY_BITS_PER_SECOND) {
        busyAtMs[row] = nowMs;
      }
    }
  }

  /**
   * Time since the row's flow was last busy, ms. If it never was, time since the flow was first
   * seen or since the first `update`.
   */
  quietMs(table: FlowTable, row: number, nowMs: number): number {
    const since = Math.max(table.traffic.firstSeenMs[row], this.#sinceMs);
    const { values } = this.#busyAtMs;
    const busy = row < values.length ? values[row] : Number.NEGATIVE_INFINITY;
    return Math.max(0, nowMs - Math.max(since, busy));
  }

  /** Writes {@link quietMs} of each of `rows[from .. to)` to `into[row]`. */
  fillQuietMs(
    table: FlowTable,
    nowMs: number,
    rows: Int32Array,
    from: number,
    to: number,
    into: Float64Array,
  ): void {
    const { firstSeenMs } = table.traffic;
    const busyAtMs = this.#busyAtMs.values;
    const sinceMs = this.#sinceMs;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      into[row] = Math.max(0, nowMs - Math.max(firstSeenMs[row], sinceMs, busyAtMs[row]));
    }
  }
}
