import type { SourceStatus } from '../engine/model/tick.ts';
import { errorMessage } from '../text/error-message.ts';

/** Health of one source: time and cost of its last answer, and its failures since then. */
export class SourceHealth {
  readonly #name: string;
  #goodAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #error: string | undefined;
  #costMs = 0;
  #note: string | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** @param note what the source could not do before the reading, for the status */
  recordSuccess(nowMs: number, costMs: number, note?: string): void {
    this.#note = note;
    this.#goodAtMs = nowMs;
    this.#costMs = costMs;
    this.#failures = 0;
    this.#error = undefined;
  }

  recordFailure(error: unknown): void {
    this.#failures++;
    this.#error = errorMessage(error);
  }

  /** Failures since the last successful reading. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * @param boundMs age from which a reading is stale
   * @param periodMs current polling period
   */
  status(nowMs: number, boundMs: number, periodMs: number): SourceStatus {
    const ageMs = nowMs - this.#goodAtMs;
    return {
      name: this.#name,
      fresh: this.#failures === 0 && ageMs <= boundMs,
      ageMs,
      failures: this.#failures,
      error: this.#error,
      ...(this.#note === undefined ? {} : { note: this.#note }),
      costMs: this.#costMs,
      periodMs,
    };
  }
}
