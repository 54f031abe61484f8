/** Settings of a {@link TokenBucket}. */
export interface TokenBucketOptions {
  /** Tokens gained a second. */
  readonly perSecond: number;
  /** Most tokens that can be saved up. */
  readonly burst: number;
}

/** A budget that refills with time: bounds how many operations a second are sent to a backend. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #refilledAtMs: number | undefined;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
  }

  /** Whole tokens there are at `nowMs`. */
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

  /** Takes tokens; what safety demands may be taken from an empty bucket, which stays empty. */
  take(count: number): void {
    this.#tokens = Math.max(0, this.#tokens - count);
  }
}
