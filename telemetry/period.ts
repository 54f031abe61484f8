/** Limits of a polling period. */
export interface PeriodOptions {
  /** Minimum period, ms; used while reading is cheap. */
  readonly periodMs: number;
  /** Maximum period, ms. */
  readonly maxPeriodMs: number;
  /** Share of the source's time that reading may take, 0 to 1. */
  readonly sourceShare: number;
}

/**
 * A period that adapts to the cost of reading: reading for `costMs` every `costMs / share` ms takes
 * that share of the source's time. The cost is smoothed, so that one slow answer does not double
 * the period.
 */
export class AdaptivePeriod {
  readonly #options: PeriodOptions;
  #costMs: number | undefined;

  constructor(options: PeriodOptions) {
    this.#options = options;
  }

  /** Records the cost of the last reading to the source, ms. */
  recordCost(costMs: number): void {
    this.#costMs =
      this.#costMs === undefined ? costMs : this.#costMs + 0.3 * (costMs - this.#costMs);
  }

  /**
   * Records a reading that timed out after `waitedMs`, which is a lower bound of its cost: the
   * smoothed cost never decreases. The cost is capped at the one that leads to the maximum period;
   * more would only delay the recovery.
   */
  recordTimeout(waitedMs: number): void {
    const { maxPeriodMs, sourceShare } = this.#options;
    const atLeastMs = Math.min(waitedMs, maxPeriodMs * sourceShare);
    if (atLeastMs > this.costMs) this.recordCost(atLeastMs);
  }

  /** Smoothed cost of a reading to the source, ms; 0 before the first. */
  get costMs(): number {
    return this.#costMs ?? 0;
  }

  /** Period to use now, from the start of one reading to the start of the next, ms. */
  get currentMs(): number {
    const { periodMs, maxPeriodMs, sourceShare } = this.#options;
    return Math.min(maxPeriodMs, Math.max(periodMs, this.costMs / sourceShare));
  }
}
