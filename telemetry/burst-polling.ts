import { TokenBucket } from '../engine/planner/token-bucket.ts';

/**
 * How long after a change flows are looked at in quick succession, ms: the vSwitch's revalidators
 * need a moment to carry the change into the datapath.
 */
const WATCH_MS = 250;
/** Quick looks in the long run, a second, and in a row. */
const BUDGET = { perSecond: 5, burst: 20 };

/** Says when to look at once and not only after a whole period, within a budget. */
export class BurstPolling {
  readonly #budget = new TokenBucket(BUDGET);
  #untilMs = Number.NEGATIVE_INFINITY;

  /** Something has changed. */
  trigger(nowMs: number): void {
    this.#untilMs = nowMs + WATCH_MS;
  }

  /** True when the next look should be a quick one. */
  due(nowMs: number): boolean {
    return nowMs < this.#untilMs && this.#budget.available(nowMs) > 0;
  }

  /** A look has begun. */
  looked(nowMs: number): void {
    if (this.due(nowMs)) this.#budget.take(1);
  }
}
