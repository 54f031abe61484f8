/** Sums over time in a bounded number of equal buckets; their width doubles when they are full. */
export class TimeBuckets {
  /** Width of a bucket, ms. */
  widthMs: number;
  /** Number of buckets in use. */
  count = 0;
  readonly #columns: number;
  readonly #maxBuckets: number;
  readonly #sums: Float64Array;
  readonly #maxColumns: ReadonlySet<number>;

  /**
   * @param columns values per bucket
   * @param maxColumns columns that keep the maximum instead of the sum
   * @param widthMs initial width
   * @param maxBuckets maximum number of buckets; even
   */
  constructor(columns: number, maxColumns: readonly number[], widthMs: number, maxBuckets = 512) {
    this.#columns = columns;
    this.#maxColumns = new Set(maxColumns);
    this.widthMs = widthMs;
    this.#maxBuckets = maxBuckets;
    this.#sums = new Float64Array(columns * maxBuckets);
  }

  /**
   * Distributes a value evenly over the buckets from `fromMs` to `toMs` since the start.
   */
  add(column: number, fromMs: number, toMs: number, value: number): void {
    while (toMs > this.widthMs * this.#maxBuckets) this.#mergePairs();
    const first = Math.floor(fromMs / this.widthMs);
    const last = Math.max(first, Math.ceil(toMs / this.widthMs) - 1);
    this.count = Math.max(this.count, last + 1);
    for (let bucket = first; bucket <= last; bucket++) {
      const from = Math.max(fromMs, bucket * this.widthMs);
      const to = Math.min(toMs, (bucket + 1) * this.widthMs);
      const share =
        first === last || this.#maxColumns.has(column) ? 1 : (to - from) / (toMs - fromMs);
      this.#put(bucket * this.#columns + column, column, value * share);
    }
  }

  /** Values of a column, by bucket. */
  column(column: number): readonly number[] {
    return Array.from({ length: this.count }, (_, i) => this.#sums[i * this.#columns + column]);
  }

  #put(at: number, column: number, value: number): void {
    if (this.#maxColumns.has(column)) this.#sums[at] = Math.max(this.#sums[at], value);
    else this.#sums[at] += value;
  }

  /** Merges each two buckets into one. */
  #mergePairs(): void {
    for (let bucket = 0; bucket < this.#maxBuckets; bucket++) {
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
