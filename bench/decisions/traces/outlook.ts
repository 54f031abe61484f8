import { SEGMENT } from '../../../adapters/emulator/packets.ts';
import type { ConnectionTraits } from './connection.ts';
import type { SizeDistribution } from '../../../adapters/emulator/sizes.ts';
import type { TransferCurve } from './tcp-transfer.ts';

/** Sizes that represent the distribution, and points in time that represent a window. */
const SIZES = 40;
const STEPS = 20;
/** Quantiles per size, of which it is the mean. */
const QUANTILES = 32;
/** Iterations for transfers that end within a step; each reduces the error by step over pause. */
const ROUNDS = 3;

/** Expected or actual traffic of a connection. */
export interface Amounts {
  /** Bytes of payload. */
  readonly payload: number;
  readonly packets: number;
  readonly acks: number;
}

/** Weighted sizes that represent a distribution, finer in its tail, which has most bytes. */
interface SizeGrid {
  readonly sizes: Float64Array;
  readonly weights: Float64Array;
}

/** A distribution as some sizes and their weights. */
function sizeGrid(distribution: SizeDistribution): SizeGrid {
  const sizes = new Float64Array(SIZES);
  const weights = new Float64Array(SIZES);
  for (let i = 0; i < SIZES; i++) {
    const above = (1 - i / SIZES) ** 3;
    weights[i] = above - (1 - (i + 1) / SIZES) ** 3;
    // The mean of its interval, so that the overall mean is the distribution's.
    for (let n = 0; n < QUANTILES; n++) {
      const u = 1 - above + (weights[i] * (n + 0.5)) / QUANTILES;
      sizes[i] += distribution.quantile(u) / QUANTILES;
    }
  }
  return { sizes, weights };
}

/**
 * Expected traffic of a connection in the next window, given everything except later random draws:
 * its kind, peak, round trip, mean pause, whether it is closed, and the progress of its transfer.
 *
 * A transfer that starts now sends g(t) within t; a connection in a pause sends h(t) within t:
 *
 *     g(t) = E[what the transfer sends within t + q h(t - its end)] h'(t) = (g(t) - h(t)) / mean
 *     pause (pauses are exponential)
 *
 * with q the probability of a further transfer. Solved numerically over the window.
 */
export class Outlook {
  readonly #windowMs: number;
  readonly #grids = new Map<SizeDistribution, SizeGrid>();
  readonly #ends = new Float64Array(SIZES);
  /** h at each step, a column a measure: payload, packets, acknowledgements. */
  readonly #h = [0, 1, 2].map(() => new Float64Array(STEPS + 1));
  readonly #sums = new Float64Array(3);
  #grid: SizeGrid = { sizes: new Float64Array(0), weights: new Float64Array(0) };
  #curve: TransferCurve | undefined;
  #further = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Computes h for a connection; `curve` is used until the next call. */
  open({ drawn: { kind, sizes }, curve, pauseMs }: ConnectionTraits): void {
    const grid = this.#grids.get(sizes) ?? sizeGrid(sizes);
    this.#grids.set(sizes, grid);
    this.#grid = grid;
    this.#curve = curve;
    this.#further = 1 - 1 / kind.transfers;
    for (let i = 0; i < SIZES; i++) this.#ends[i] = curve.timeOf(grid.sizes[i]);
    for (const column of this.#h) column.fill(0);
    if (this.#further > 0) this.#solve(pauseMs, curve);
  }

  /** Expectation for a connection in a pause. */
  pausing(): Amounts {
    return { payload: this.#h[0][STEPS], packets: this.#h[1][STEPS], acks: this.#h[2][STEPS] };
  }

  /** Expectation for a connection whose transfer started `elapsedMs` ago and continues. */
  sending(elapsedMs: number): Amounts {
    const sums = this.#sums.fill(0);
    const sent = this.#curve?.sentAt(elapsedMs) ?? 0;
    const weight = this.#add(elapsedMs, this.#windowMs, sent, sums);
    if (weight === 0) {
      // Larger than all representative sizes: assumed to continue through the window.
      const more = (this.#curve?.sentAt(elapsedMs + this.#windowMs) ?? 0) - sent;
      return { payload: more, packets: more / SEGMENT, acks: more / SEGMENT / 2 };
    }
    return { payload: sums[0] / weight, packets: sums[1] / weight, acks: sums[2] / weight };
  }

  #solve(pauseMs: number, curve: TransferCurve): void {
    const stepMs = this.#windowMs / STEPS;
    const kept = Math.exp(-stepMs / pauseMs);
    const late = 1 - ((1 - kept) * pauseMs) / stepMs;
    const before = new Float64Array(3);
    this.#curve = curve;
    for (let step = 1; step <= STEPS; step++) {
      for (let m = 0; m < 3; m++) this.#h[m][step] = this.#h[m][step - 1];
      for (let round = 0; round < ROUNDS; round++) {
        this.#sums.fill(0);
        this.#add(0, step * stepMs, 0, this.#sums);
        for (let m = 0; m < 3; m++) {
          const g = before[m] * (1 - kept) + (this.#sums[m] - before[m]) * late;
          this.#h[m][step] = this.#h[m][step - 1] * kept + g;
        }
      }
      before.set(this.#sums);
    }
  }

  /**
   * Adds the traffic in the `ms` after `elapsedMs` over all sizes that are not complete by then;
   * returns the weight of those sizes.
   */
  #add(elapsedMs: number, ms: number, sent: number, sums: Float64Array): number {
    const { sizes, weights } = this.#grid;
    const reach = this.#curve?.sentAt(elapsedMs + ms) ?? 0;
    const stepsPerMs = STEPS / this.#windowMs;
    let weight = 0;
    for (let i = 0; i < SIZES; i++) {
      if (sizes[i] <= sent) continue;
      const w = weights[i];
      weight += w;
      const left = ms - (this.#ends[i] - elapsedMs);
      if (left < 0) {
        sums[0] += w * (reach - sent);
        sums[1] += (w * (reach - sent)) / SEGMENT;
        sums[2] += (w * (reach - sent)) / SEGMENT / 2;
        continue;
      }
      const packets = Math.ceil(sizes[i] / SEGMENT);
      sums[0] += w * (sizes[i] - sent);
      sums[1] += w * (packets - sent / SEGMENT);
      sums[2] += w * (Math.ceil(packets / 2) - sent / SEGMENT / 2);
      if (this.#further === 0) continue;
      const at = Math.min(left * stepsPerMs, STEPS);
      const below = Math.min(Math.floor(at), STEPS - 1);
      for (let m = 0; m < 3; m++) {
        const h = this.#h[m];
        sums[m] += w * this.#further * (h[below] + (h[below + 1] - h[below]) * (at - below));
      }
    }
    return weight;
  }
}
