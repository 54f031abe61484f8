import type { FlowTable } from '../model/flow-table.ts';
import { baseRate, sendingCell, silentCell } from './cells.ts';
import { ReturnTable } from './return-table.ts';

/** Settings of a {@link Forecaster}. */
export interface ForecastOptions {
  /** Time constant of the discount of future traffic, ms: after this time it counts 1/e. */
  readonly horizonMs: number;
  /** Time constant of the flows' slow means, ms. */
  readonly meanMs: number;
  /** Time constant with which learned samples lose weight, ms. */
  readonly memoryMs: number;
}

const DEFAULT_FORECAST: ForecastOptions = {
  horizonMs: 500,
  meanMs: 4000,
  memoryMs: 60_000,
};

/**
 * Forecasts the traffic of each flow from what flows of the same cell sent: it learns the relation
 * of a flow's rate to its discounted future traffic, per cell, while it observes them
 * (temporal-difference learning: Sutton, Machine Learning 3, 1988). The only assumption is that
 * traffic continues as in the last minute.
 *
 * Linear in flows, without allocations per flow.
 */
export class Forecaster {
  readonly #options: ForecastOptions;
  readonly #returns = new ReturnTable();
  #atMs = Number.NEGATIVE_INFINITY;
  /** Weight of bits in a flow's worth, 0 to 1, and packets that a bit counts as. */
  #bitShare = 0;
  #packetsPerBit = 0;

  constructor(options: ForecastOptions = DEFAULT_FORECAST) {
    this.#options = options;
  }

  /**
   * Updates the forecasts to the table's rates, and learns from what flows sent since the last one.
   *
   * @param bitShare weight of bits in the worth: 0 when CPU time is scarce, 1 when bandwidth is
   */
  update(table: FlowTable, bitShare: number): void {
    const { atMs } = table.rates;
    if (atMs === Number.NEGATIVE_INFINITY || atMs === this.#atMs) return;
    const elapsedMs = atMs - this.#atMs;
    const first = this.#atMs === Number.NEGATIVE_INFINITY;
    this.#atMs = atMs;
    this.#setWeights(table, bitShare);
    if (!first) this.#recordRemoved(table);
    this.#forecast(table, first ? this.#options.horizonMs : elapsedMs);
    this.#returns.refit(first ? 1 : Math.exp(-elapsedMs / this.#options.memoryMs));
  }

  /**
   * Forecasts flows from their first rates, which a partial reading has given them. Learns nothing and
   * leaves what the next {@link update} starts from as it is.
   *
   * @param rows rows with a first rate
   * @param atMs time of the reading, ms of the clock
   */
  estimate(table: FlowTable, rows: Int32Array, atMs: number): void {
    const { forecast: f, rates: r, traffic: t } = table;
    const forPackets = 1 - this.#bitShare;
    const forBits = this.#bitShare * this.#packetsPerBit;
    for (const row of rows) {
      const packets = r.lastPacketsPerSecond[row];
      const bits = r.lastBitsPerSecond[row];
      const last = packets * forPackets + bits * forBits;
      const pauseMs = Math.max(0, atMs - t.lastActiveMs[row]);
      const base = baseRate(last, last, pauseMs);
      const worth = this.#returns.expectedReturn(sendingCell(base, 1, pauseMs, -1), base);
      f.worth[row] = worth;
      const ratio = last > 0 ? worth / last : 0;
      f.packetsPerSecond[row] = ratio * packets;
      f.bitsPerSecond[row] = ratio * bits;
    }
  }

  /** Sets the weight of bits from the mean packet size on the node. */
  #setWeights(table: FlowTable, bitShare: number): void {
    const { lastPacketsPerSecond, lastBitsPerSecond } = table.rates;
    let packets = 0;
    let bits = 0;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      packets += lastPacketsPerSecond[row];
      bits += lastBitsPerSecond[row];
    }
    this.#bitShare = bitShare;
    if (bits > 0) this.#packetsPerBit = packets / bits;
  }

  /** Records a return of 0 for flows that left. */
  #recordRemoved(table: FlowTable): void {
    const { cell, base } = table.forecast;
    for (const row of table.removed) {
      if (cell[row] >= 0) this.#returns.recordReturn(cell[row], base[row], 0);
    }
  }

  #forecast(table: FlowTable, elapsedMs: number): void {
    const { forecast: f, rates: r, traffic: t, rows, count } = table;
    const returns = this.#returns;
    const { placement } = table.decision;
    const discount = Math.exp(-elapsedMs / this.#options.horizonMs);
    const weight = 1 - Math.exp(-elapsedMs / this.#options.meanMs);
    const forPackets = 1 - this.#bitShare;
    const forBits = this.#bitShare * this.#packetsPerBit;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      if (r.primed[row] === 0) continue;
      const packets = r.lastPacketsPerSecond[row];
      const bits = r.lastBitsPerSecond[row];
      const before = f.cell[row];
      const w = before < 0 ? 1 : weight;
      const meanPackets = f.meanPacketsPerSecond[row] + w * (packets - f.meanPacketsPerSecond[row]);
      const meanBits = f.meanBitsPerSecond[row] + w * (bits - f.meanBitsPerSecond[row]);
      f.meanPacketsPerSecond[row] = meanPackets;
      f.meanBitsPerSecond[row] = meanBits;
      const last = packets * forPackets + bits * forBits;
      const mean = meanPackets * forPackets + meanBits * forBits;
      // A flow may have sent what a backend with late counters has not reported yet.
      const lateMs = r.counterDelaysMs[placement[row]] ?? 0;
      const pauseMs = Math.max(0, this.#atMs - t.lastActiveMs[row] - lateMs);
      const ageMs = before < 0 ? -1 : this.#atMs - t.firstSeenMs[row];
      const base = baseRate(last, mean, pauseMs);
      const cell =
        last > 0 ? sendingCell(base, last / mean, pauseMs, ageMs) : silentCell(base, pauseMs);
      const worth = returns.expectedReturn(cell, base);
      if (before >= 0) {
        const sent = (1 - discount) * last + discount * worth;
        returns.recordReturn(before, f.base[row], sent);
      }
      f.cell[row] = cell;
      f.base[row] = base;
      f.worth[row] = worth;
      const ratio = mean > 0 ? worth / mean : 0;
      f.packetsPerSecond[row] = ratio * meanPackets;
      f.bitsPerSecond[row] = ratio * meanBits;
    }
  }
}
