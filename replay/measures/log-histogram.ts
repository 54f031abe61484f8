/** Steps per octave, which limits the error of a percentile to 4.5 %. */
const STEPS = 8;
const OCTAVES = 44;

/** Histogram of durations with logarithmic steps, in bounded memory. */
export class LogHistogram {
  count = 0;
  sumMs = 0;
  minMs = Number.POSITIVE_INFINITY;
  maxMs = 0;
  readonly #counts = new Float64Array(STEPS * OCTAVES);

  /** Adds a duration, ms; 0 or more. */
  add(ms: number): void {
    this.count++;
    this.sumMs += ms;
    this.minMs = Math.min(this.minMs, ms);
    this.maxMs = Math.max(this.maxMs, ms);
    const step = ms < 1 ? 0 : Math.floor(Math.log2(ms) * STEPS);
    this.#counts[Math.min(step, this.#counts.length - 1)]++;
  }

  /** Duration that a share of all, 0 to 1, does not exceed, ms; undefined if empty. */
  quantile(share: number): number | undefined {
    if (this.count === 0) return undefined;
    let left = Math.max(1, Math.ceil(share * this.count));
    for (let step = 0; step < this.#counts.length; step++) {
      left -= this.#counts[step];
      if (left > 0) continue;
      const middle = 2 ** ((step + 0.5) / STEPS);
      return Math.min(this.maxMs, Math.max(this.minMs, middle));
    }
    return this.maxMs;
  }

  /** Counts by octave, from the first nonempty to the last: from `fromMs` to twice that. */
  octaves(): readonly { readonly fromMs: number; readonly count: number }[] {
    const all = Array.from({ length: OCTAVES }, (_, octave) => ({
      fromMs: 2 ** octave,
      count: this.#counts
        .subarray(octave * STEPS, (octave + 1) * STEPS)
        .reduce((sum, n) => sum + n, 0),
    }));
    const first = all.findIndex((o) => o.count > 0);
    const last = all.findLastIndex((o) => o.count > 0);
    return first === -1 ? [] : all.slice(first, last + 1);
  }
}
