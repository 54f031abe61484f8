/** Sums over time in a bounded number of buckets of one width: when they are used up, it doubles. */
export class TimeBuckets {
  /** Width of a bucket, ms. */
  widthMs: number;
  /** Buckets in use. */
  count = 0;
  readonly #columns: number;
  readonly #most: number;
  readonly #sums: Float64Array;
  readonly #largest: ReadonlySet<number>;

  /**
   * @param columns values a bucket
   * @param largest columns that keep the largest value and not the sum
   * @param widthMs to begin with
   * @param most buckets; an even number
   */
  constructor(columns: number, largest: readonly number[], widthMs: number, most = 512) {
    this.#columns = columns;
    this.#largest = new Set(largest);
    this.widthMs = widthMs;
    this.#most = most;
    this.#sums = new Float64Array(columns * most);
  }

  /**
   * Adds what happened from `fromMs` until `toMs` since the start, evenly to the buckets it covers.
   */
  add(column: number, fromMs: number, toMs: number, value: number): void {
    while (toMs > this.widthMs * this.#most) this.#fold();
    const first = Math.floor(fromMs / this.widthMs);
    const last = Math.max(first, Math.ceil(toMs / this.widthMs) - 1);
    this.count = Math.max(this.count, last + 1);
    for (let bucket = first; bucket <= last; bucket++) {
      const from = Math.max(fromMs, bucket * this.widthMs);
      const to = Math.min(toMs, (bucket + 1) * this.widthMs);
      const share = first === last || this.#largest.has(column) ? 1 : (to - from) / (toMs - fromMs);
      this.#put(bucket * this.#columns + column, column, value * share);
    }
  }

  /** A column's value in each bucket. */
  column(column: number): readonly number[] {
    return Array.from({ length: this.count }, (_, i) => this.#sums[i * this.#columns + column]);
  }

  #put(at: number, column: number, value: number): void {
    if (this.#largest.has(column)) this.#sums[at] = Math.max(this.#sums[at], value);
    else this.#sums[at] += value;
  }

  /** Makes one bucket of every two. */
  #fold(): void {
    for (let bucket = 0; bucket < this.#most; bucket++) {
      for (let column = 0; column < this.#columns; column++) {
        const from = bucket * this.#columns + column;
        const value = this.#sums[from];
        this.#sums[from] = 0;
        this.#put((bucket >> 1) * this.#columns + column, column, value);
      }
    }
    this.count = (this.count + 1) >> 1;
    this.widthMs *= 2;
  }
}
