import type { FlowTable } from '../model/flow-table.ts';
import { baseRate, sendingCell, silentCell } from './cells.ts';
import { ReturnTable } from './return-table.ts';

/** Settings of a {@link Forecaster}. */
export interface ForecastOptions {
  /** How far ahead counts: what comes after so long counts a third, ms. */
  readonly horizonMs: number;
  /** Time constant of the flows' slow means, ms. */
  readonly meanMs: number;
  /** How long what was learned of kinds of flows is remembered, ms. */
  readonly memoryMs: number;
}

const DEFAULT_FORECAST: ForecastOptions = {
  horizonMs: 500,
  meanMs: 4000,
  memoryMs: 60_000,
};

/**
 * Expects of each flow what flows like it have sent: learns, while it watches, by what factor the
 * present rate of a flow of each kind is carried on, with what lies ahead discounted by its
 * distance (temporal-difference learning: Sutton, Machine Learning 3, 1988). Nothing is assumed of
 * the traffic but that it will go on as it was in the last minute.
 *
 * Linear in flows, and nothing is allocated for a flow.
 */
export class Forecaster {
  readonly #options: ForecastOptions;
  readonly #returns = new ReturnTable();
  #atMs = Number.NEGATIVE_INFINITY;
  /** Share of bits in what a flow is worth, 0 to 1, and packets that a bit counts for. */
  #bitShare = 0;
  #packetsPerBit = 0;

  constructor(options: ForecastOptions = DEFAULT_FORECAST) {
    this.#options = options;
  }

  /**
   * Brings the forecast up to the table's rates, and learns from how the last one turned out.
   *
   * @param bitShare how much of the worth bits are: 0 where CPU time is scarce, 1 where bandwidth is
   */
  update(table: FlowTable, bitShare: number): void {
    const { atMs } = table.rates;
    if (atMs === Number.NEGATIVE_INFINITY || atMs === this.#atMs) return;
    const elapsedMs = atMs - this.#atMs;
    const first = this.#atMs === Number.NEGATIVE_INFINITY;
    this.#atMs = atMs;
    this.#weigh(table, bitShare);
    if (!first) this.#learnOfGone(table);
    this.#forecast(table, first ? this.#options.horizonMs : elapsedMs);
    this.#returns.settle(first ? 1 : Math.exp(-elapsedMs / this.#options.memoryMs));
  }

  /** Sets what bits count for from the mean size of packets on the node. */
  #weigh(table: FlowTable, bitShare: number): void {
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

  /** Flows that left sent nothing more. */
  #learnOfGone(table: FlowTable): void {
    const { cell, base } = table.forecast;
    for (const row of table.removed) {
      if (cell[row] >= 0) this.#returns.learn(cell[row], base[row], 0);
    }
  }

  #forecast(table: FlowTable, elapsedMs: number): void {
    const { forecast: f, rates: r, traffic: t, rows, count } = table;
    const returns = this.#returns;
    const carryOn = Math.exp(-elapsedMs / this.#options.horizonMs);
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
      const pauseMs = this.#atMs - t.lastActiveMs[row];
      const ageMs = before < 0 ? -1 : this.#atMs - t.firstSeenMs[row];
      const base = baseRate(last, mean, pauseMs);
      const cell =
        last > 0 ? sendingCell(base, last / mean, pauseMs, ageMs) : silentCell(base, pauseMs);
      const worth = returns.expect(cell, base);
      if (before >= 0) {
        const sent = (1 - carryOn) * last + carryOn * worth;
        returns.learn(before, f.base[row], sent);
      }
      f.cell[row] = cell;
      f.base[row] = base;
      f.worth[row] = worth;
      const carryOver = mean > 0 ? worth / mean : 0;
      f.packetsPerSecond[row] = carryOver * meanPackets;
      f.bitsPerSecond[row] = carryOver * meanBits;
    }
  }
}
