/** Bounds of the wait after a failure, ms. */
export interface BackoffOptions {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Doubles the wait with each failure up to a bound. Half of the wait is random, so that clients that
 * failed together do not retry together.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;

  /** @param random from 0 to below 1 */
  constructor(options: BackoffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /**
   * Counts a failure.
   *
   * @param requestedMs wait that the other side requests, ms; respected up to the bound
   * @returns time to wait, whole ms
   */
  failed(requestedMs = 0): number {
    const { minMs, maxMs } = this.#options;
    const wait = Math.min(maxMs, minMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    return Math.round(Math.max(wait * (0.5 + this.#random() / 2), Math.min(requestedMs, maxMs)));
  }
}
