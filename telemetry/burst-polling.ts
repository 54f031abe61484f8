import { TokenBucket } from '../engine/planner/token-bucket.ts';

/**
 * Time after a change during which flows are polled in quick succession, ms: the vSwitch's
 * revalidators need a moment to apply the change to the datapath.
 */
const BURST_MS = 250;
/** Quick polls: long-term rate, and maximum in a row. */
const BUDGET = { perSecond: 5, burst: 20 };

/** Decides when to poll in quick succession instead of once a period, within a budget. */
export class BurstPolling {
  readonly #budget = new TokenBucket(BUDGET);
  #sinceMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** Starts a burst: something has changed. */
  trigger(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#untilMs = nowMs + BURST_MS;
  }

  /**
   * Pause between two polls of a burst, ms: it grows with the time since the change, so that a few
   * polls cover the burst, and the budget lasts for several changes in a row.
   */
  pauseMs(nowMs: number): number {
    return Math.max(0, (nowMs - this.#sinceMs) / 2);
  }

  /** True when the next poll should follow quickly. */
  burstDue(nowMs: number): boolean {
    return nowMs < this.#untilMs && this.#budget.available(nowMs) > 0;
  }

  /** Charges a poll that starts now to the budget, if it is part of a burst. */
  recordPoll(nowMs: number): void {
    if (this.burstDue(nowMs)) this.#budget.spend(1);
  }
}
