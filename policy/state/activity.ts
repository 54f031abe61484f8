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
 * Shortest time over which a rate counts, ms; shorter ticks are taken together. In a short tick, after
 * a new flow or a change of rules, a single heartbeat is a high rate.
 */
const MIN_TIME_MS = 100;

/**
 * Records when each flow was last busy. Smoothed rates cannot show this: a flow that stops at
 * 3 Gbit/s has a large smoothed rate for many seconds.
 */
export class Activity {
  readonly #busyAtMs: Float64Column;
  /** Sent in the short ticks so far, in thousandths of a packet and of a bit. */
  readonly #packets: Float64Column;
  readonly #bits: Float64Column;
  /** Duration of these ticks. */
  #shortMs = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #updatedAtMs = Number.NEGATIVE_INFINITY;

  /** @param byFlow a side table with the lifetime `flow`, which follows the flow table */
  constructor(byFlow: SideTable) {
    this.#busyAtMs = byFlow.float64(Number.NEGATIVE_INFINITY);
    this.#packets = byFlow.float64();
    this.#bits = byFlow.float64();
  }

  /** Call once per tick, after the rates were updated. */
  update(table: FlowTable, nowMs: number): void {
    if (this.#sinceMs === Number.NEGATIVE_INFINITY) this.#sinceMs = nowMs;
    const elapsedMs = nowMs - this.#updatedAtMs;
    this.#updatedAtMs = nowMs;
    const { lastPacketsPerSecond, lastBitsPerSecond } = table.rates;
    if (this.#shortMs === 0 && elapsedMs >= MIN_TIME_MS) {
      this.#mark(table, lastPacketsPerSecond, lastBitsPerSecond, 1, nowMs);
      return;
    }
    this.#shortMs += elapsedMs;
    const packets = this.#packets.values;
    const bits = this.#bits.values;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      packets[row] += elapsedMs * lastPacketsPerSecond[row];
      bits[row] += elapsedMs * lastBitsPerSecond[row];
    }
    if (this.#shortMs < MIN_TIME_MS) return;
    this.#mark(table, packets, bits, this.#shortMs, nowMs);
    this.#shortMs = 0;
    packets.fill(0);
    bits.fill(0);
  }

  /** Marks the flows that have been busy. @param time what the columns are divided by for rates */
  #mark(
    { rows, count }: FlowTable,
    packets: Float64Array,
    bits: Float64Array,
    time: number,
    nowMs: number,
  ): void {
    const busyAtMs = this.#busyAtMs.values;
    const minPackets = BUSY_PACKETS_PER_SECOND * time;
    const minBits = BUSY_BITS_PER_SECOND * time;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      if (packets[row] >= minPackets || bits[row] >= minBits) busyAtMs[row] = nowMs;
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
