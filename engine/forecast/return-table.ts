import { CELLS, FAMILIES, familyOf, isSending } from './cells.ts';

/** Flows that the first guess of a family, and a cell's being like its family, count for. */
const PRIOR_FLOWS = 20;
const ALIKE_FLOWS = 30;
/** First guess: flows that sent go on with so much of it, flows that were silent hardly return. */
const FIRST_SENDING = 0.7;
const FIRST_SILENT = 0.1;
/** A single return counts for a cell as at most so many times what was expected. */
const MAX_TIMES = 16;

/** Less than this is as good as nothing. */
const MIN_X = 0.01;

/** What was learned of each family, a column a number. */
class Families {
  /** Sums over flows: 1, x, y, w, wx and wy, where x was sent, y returned, and w weighs by size. */
  readonly flows = new Float64Array(FAMILIES);
  readonly x = new Float64Array(FAMILIES);
  readonly y = new Float64Array(FAMILIES);
  readonly w = new Float64Array(FAMILIES);
  readonly wx = new Float64Array(FAMILIES);
  readonly wy = new Float64Array(FAMILIES);
  /** The line: whatever was sent, so much returns, and so many times what was sent. */
  readonly fixed = new Float64Array(FAMILIES);
  readonly times = new Float64Array(FAMILIES);
  readonly meanX = new Float64Array(FAMILIES);
}

/**
 * What flows return, by what they are now: for each family of flows a line over what they sent (the
 * part that follows from it, and the part that comes whatever it was), and for each cell how much
 * more or less than by that line. Learned from what flows of that kind did send. Traffic has heavy
 * tails: single returns thousands of times the usual. So lines are drawn through whole families,
 * and a cell leans on its family until it has seen many flows.
 */
export class ReturnTable {
  readonly #families = new Families();
  /** By cell: flows, what returned (no more than MAX_TIMES of what was expected), what was expected. */
  readonly #flows = new Float64Array(CELLS);
  readonly #returned = new Float64Array(CELLS);
  readonly #expected = new Float64Array(CELLS);
  readonly #factors = new Float64Array(CELLS).fill(1);

  constructor() {
    this.#drawLines();
  }

  /** What a flow of `cell` that sent `x` is expected to send. */
  expect(cell: number, x: number): number {
    const { fixed, times } = this.#families;
    const family = familyOf(cell);
    return this.#factors[cell] * (fixed[family] + times[family] * x);
  }

  /** Takes note that a flow of `cell` that sent `x` turned out to send `y`. */
  learn(cell: number, x: number, y: number): void {
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
    this.#returned[cell] += Math.min(y, MAX_TIMES * line);
  }

  /** Works out anew what is expected; what was learned so far counts `keep` times as much from now. */
  settle(keep: number): void {
    this.#drawLines();
    this.#compareCells();
    const f = this.#families;
    for (const sums of [f.flows, f.x, f.y, f.w, f.wx, f.wy]) scale(sums, keep);
    for (const sums of [this.#flows, this.#returned, this.#expected]) scale(sums, keep);
  }

  /** Draws each family's line so that it returned what it did, large and small flows alike. */
  #drawLines(): void {
    const f = this.#families;
    for (let i = 0; i < FAMILIES; i++) {
      const first = isSending(i) ? FIRST_SENDING : FIRST_SILENT;
      const meanX = Math.max(MIN_X, f.flows[i] > 0 ? f.x[i] / f.flows[i] : 1);
      f.meanX[i] = meanX;
      // The first guess, as if so many flows of mean size had followed it.
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

  #compareCells(): void {
    const returned = new Float64Array(FAMILIES);
    const expected = new Float64Array(FAMILIES);
    for (let cell = 0; cell < CELLS; cell++) {
      returned[familyOf(cell)] += this.#returned[cell];
      expected[familyOf(cell)] += this.#expected[cell];
    }
    for (let cell = 0; cell < CELLS; cell++) {
      const family = familyOf(cell);
      const usual = returned[family] / expected[family];
      const here = this.#returned[cell] / this.#expected[cell];
      const flows = this.#flows[cell];
      const ratio = usual > 0 && here >= 0 ? here / usual : 1;
      this.#factors[cell] = (ratio * flows + ALIKE_FLOWS) / (flows + ALIKE_FLOWS);
    }
  }
}

function scale(sums: Float64Array, by: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] *= by;
}
