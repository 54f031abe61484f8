/** Bounds of a polling period. */
export interface PeriodOptions {
  /** Shortest period, ms: what is used while reading is cheap. */
  readonly periodMs: number;
  /** Longest period, ms. */
  readonly maxPeriodMs: number;
  /** Share of the source's time that reading may take, 0 to 1. */
  readonly sourceShare: number;
}

/**
 * A period that follows what reading costs: reading `costMs` every `costMs / share` ms takes that
 * share of the source's time. A smoothed cost keeps one slow answer from doubling the period.
 */
export class AdaptivePeriod {
  readonly #options: PeriodOptions;
  #costMs: number | undefined;

  constructor(options: PeriodOptions) {
    this.#options = options;
  }

  /** Takes note of what the last reading cost the source, ms. */
  learn(costMs: number): void {
    this.#costMs =
      this.#costMs === undefined ? costMs : this.#costMs + 0.3 * (costMs - this.#costMs);
  }

  /**
   * Takes note of a reading that was given up after `waitedMs`. It would have cost at least that,
   * so the smoothed cost never falls by it; what asks for more than the longest period changes
   * nothing but how long it takes to come back, and is left out.
   */
  learnAtLeast(waitedMs: number): void {
    const { maxPeriodMs, sourceShare } = this.#options;
    const atLeastMs = Math.min(waitedMs, maxPeriodMs * sourceShare);
    if (atLeastMs > this.costMs) this.learn(atLeastMs);
  }

  /** Smoothed cost of a reading, ms; 0 before the first. */
  get costMs(): number {
    return this.#costMs ?? 0;
  }

  /** Period to use now, from the start of one reading to the start of the next, ms. */
  get currentMs(): number {
    const { periodMs, maxPeriodMs, sourceShare } = this.#options;
    return Math.min(maxPeriodMs, Math.max(periodMs, this.costMs / sourceShare));
  }
}
