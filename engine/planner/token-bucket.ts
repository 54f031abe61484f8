/** Settings of a {@link TokenBucket}. */
export interface TokenBucketOptions {
  /** Refill rate, tokens/s. */
  readonly perSecond: number;
  /** Maximum number of tokens. */
  readonly burst: number;
}

/** A token bucket; limits the operations per second sent to a backend. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #refilledAtMs: number | undefined;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
  }

  /** Whole tokens available at `nowMs`. */
  available(nowMs: number): number {
    this.#refilledAtMs ??= nowMs;
    if (nowMs > this.#refilledAtMs) {
      const seconds = (nowMs - this.#refilledAtMs) / 1000;
      this.#tokens = Math.min(
        this.#options.burst,
        this.#tokens + seconds * this.#options.perSecond,
      );
      this.#refilledAtMs = nowMs;
    }
    return Math.floor(this.#tokens);
  }

  /** Removes tokens. Operations for safety may spend more than there are; the bucket is then empty. */
  spend(count: number): void {
    this.#tokens = Math.max(0, this.#tokens - count);
  }
}
