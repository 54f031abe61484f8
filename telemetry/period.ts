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
