/** Steps an octave: a percentile is at most 4.5 % off. */
const STEPS = 8;
const OCTAVES = 44;

/** How often times were how long, in steps of equal ratio; bounded whatever is put in. */
export class LogHistogram {
  count = 0;
  sumMs = 0;
  leastMs = Number.POSITIVE_INFINITY;
  mostMs = 0;
  readonly #counts = new Float64Array(STEPS * OCTAVES);

  /** Adds a time, ms; 0 or more. */
  add(ms: number): void {
    this.count++;
    this.sumMs += ms;
    this.leastMs = Math.min(this.leastMs, ms);
    this.mostMs = Math.max(this.mostMs, ms);
    const step = ms < 1 ? 0 : Math.floor(Math.log2(ms) * STEPS);
    this.#counts[Math.min(step, this.#counts.length - 1)]++;
  }

  /** The time that a share of all, 0 to 1, do not exceed; undefined when there are none. */
  quantile(share: number): number | undefined {
    if (this.count === 0) return undefined;
    let left = Math.max(1, Math.ceil(share * this.count));
    for (let step = 0; step < this.#counts.length; step++) {
      left -= this.#counts[step];
      if (left > 0) continue;
      const middle = 2 ** ((step + 0.5) / STEPS);
      return Math.min(this.mostMs, Math.max(this.leastMs, middle));
    }
    return this.mostMs;
  }

  /** By octave, from the first that has any to the last: times of `fromMs` up to twice that. */
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
