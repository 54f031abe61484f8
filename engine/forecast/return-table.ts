import { CELLS, FAMILIES, familyOf, isSending } from './cells.ts';

/** Weights, in flows, of a family's prior and of a cell's prior, which is its family. */
const PRIOR_FLOWS = 20;
const CELL_PRIOR_FLOWS = 30;
/** Priors of the return over the rate sent: flows that sent continue, silent ones hardly return. */
const PRIOR_SENDING = 0.7;
const PRIOR_SILENT = 0.1;
/** Maximum of a single return in a cell's sums, as a multiple of the expected one. */
const MAX_RATIO = 16;

/** Minimum mean rate of a family, packets/s, which avoids divisions by 0. */
const MIN_X = 0.01;

/** Learned values of the families, one column per value. */
class Families {
  /** Sums over flows: of 1, x, y, w, wx and wy; x: sent, y: returned, w: weight by size. */
  readonly flows = new Float64Array(FAMILIES);
  readonly x = new Float64Array(FAMILIES);
  readonly y = new Float64Array(FAMILIES);
  readonly w = new Float64Array(FAMILIES);
  readonly wx = new Float64Array(FAMILIES);
  readonly wy = new Float64Array(FAMILIES);
  /** The line: the return is `fixed` + `times` * x. */
  readonly fixed = new Float64Array(FAMILIES);
  readonly times = new Float64Array(FAMILIES);
  readonly meanX = new Float64Array(FAMILIES);
}

/**
 * Expected returns (discounted future rates) of flows by cell: a line over the rate sent for each
 * family, and for each cell a factor on that line, both learned from observed returns. Traffic has
 * heavy tails, with single returns thousands of times the usual one. Therefore lines are fitted to
 * whole families, and a cell stays close to its family until it has seen many flows.
 */
export class ReturnTable {
  readonly #families = new Families();
  /** By cell: sums of flows, of returns (at most MAX_RATIO times the expected), of expected returns. */
  readonly #flows = new Float64Array(CELLS);
  readonly #returned = new Float64Array(CELLS);
  readonly #expected = new Float64Array(CELLS);
  readonly #factors = new Float64Array(CELLS).fill(1);

  constructor() {
    this.#fitLines();
  }

  /** Expected return of a flow of `cell` that sent `x`, packets/s. */
  expectedReturn(cell: number, x: number): number {
    const { fixed, times } = this.#families;
    const family = familyOf(cell);
    return this.#factors[cell] * (fixed[family] + times[family] * x);
  }

  /** Records the return `y` of a flow of `cell` that sent `x`, packets/s. */
  recordReturn(cell: number, x: number, y: number): void {
    const f = this.#families;
    const family = familyOf(cell);
    const w = x / (x + f.meanX[family]) || 0;
    f.flows[family]++;
    f.x[family] += x;
    f.y[family] += y;
    f.w[family] += w;
    f.wx[family] += w * x;
    f.wy[family] += w * y;
    const line = f.fixed[family] + f.times[family] * x;
    this.#flows[cell]++;
    this.#expected[cell] += line;
    this.#returned[cell] += Math.min(y, MAX_RATIO * line);
  }

  /** Fits lines and factors to the recorded returns, then multiplies the weight of these by `keep`. */
  refit(keep: number): void {
    this.#fitLines();
    this.#updateFactors();
    const f = this.#families;
    for (const sums of [f.flows, f.x, f.y, f.w, f.wx, f.wy]) scale(sums, keep);
    for (const sums of [this.#flows, this.#returned, this.#expected]) scale(sums, keep);
  }

  /** Fits each family's line to its sums, both plain and weighted by size. */
  #fitLines(): void {
    const f = this.#families;
    for (let i = 0; i < FAMILIES; i++) {
      const first = isSending(i) ? PRIOR_SENDING : PRIOR_SILENT;
      const meanX = Math.max(MIN_X, f.flows[i] > 0 ? f.x[i] / f.flows[i] : 1);
      f.meanX[i] = meanX;
      // Add the prior as PRIOR_FLOWS flows of mean size.
      const n = f.flows[i] + PRIOR_FLOWS;
      const x = f.x[i] + PRIOR_FLOWS * meanX;
      const y = f.y[i] + PRIOR_FLOWS * meanX * first;
      const w = f.w[i] + PRIOR_FLOWS / 2;
      const wx = f.wx[i] + (PRIOR_FLOWS / 2) * meanX;
      const wy = f.wy[i] + (PRIOR_FLOWS / 2) * meanX * first;
      const determinant = n * wx - w * x;
      const times = determinant > 1e-9 * n * wx ? (n * wy - w * y) / determinant : y / x;
      f.times[i] = Math.min(Math.max(0, times), y / x);
      f.fixed[i] = Math.max(0, (y - f.times[i] * x) / n);
    }
  }

  #updateFactors(): void {
    const returned = new Float64Array(FAMILIES);
    const expected = new Float64Array(FAMILIES);
    for (let cell = 0; cell < CELLS; cell++) {
      returned[familyOf(cell)] += this.#returned[cell];
      expected[familyOf(cell)] += this.#expected[cell];
    }
    for (let cell = 0; cell < CELLS; cell++) {
      const family = familyOf(cell);
      const familyRatio = returned[family] / expected[family];
      const cellRatio = this.#returned[cell] / this.#expected[cell];
      const flows = this.#flows[cell];
      const ratio = familyRatio > 0 && cellRatio >= 0 ? cellRatio / familyRatio : 1;
      this.#factors[cell] = (ratio * flows + CELL_PRIOR_FLOWS) / (flows + CELL_PRIOR_FLOWS);
    }
  }
}

function scale(sums: Float64Array, by: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] *= by;
}
