import { TokenBucket } from '../engine/planner/token-bucket.ts';

/** Longest time after a new flow during which flows are polled more often, ms. */
export const BURST_MS = 250;
/** Pauses between two polls of a burst, ms: all flows that appear meanwhile share the next poll. */
const MIN_PAUSE_MS = 25;
const MAX_PAUSE_MS = BURST_MS / 2;
/** Time that polls for new flows may take, ms: per second, and at once. */
const BUDGET = { perSecond: 40, burst: 500 };
/** A poll counts as at least this long, ms, which limits the number of polls, too. */
const MIN_CHARGE_MS = 20;

/**
 * Decides when to poll sooner because flows have appeared: until a reading has found packets of each
 * of them, so that their rates are known, but not for long. Flows appear all the time on some nodes,
 * so these polls have a budget of their own: two a second, or 4 % of the loop's time if that is less;
 * after a calm time 25, or half a second of the loop's time. Without budget, new flows wait for the
 * next reading.
 */
export class ArrivalPolling {
  readonly #budget = new TokenBucket(BUDGET);
  #sinceMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #triggeredMs = Number.NEGATIVE_INFINITY;
  #startedMs = Number.NEGATIVE_INFINITY;
  #isCharged = false;
  /** Duration of the last poll and of what it led to, ms. */
  #lastMs = 0;

  /** Starts a burst, or continues it: a flow has appeared. */
  trigger(nowMs: number): void {
    if (nowMs >= this.#untilMs) this.#sinceMs = nowMs;
    this.#untilMs = nowMs + BURST_MS;
    this.#triggeredMs = nowMs;
  }

  /** Pause between two polls of a burst, ms; it grows with the time since the first of the flows. */
  pauseMs(nowMs: number): number {
    return Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, (nowMs - this.#sinceMs) / 2));
  }

  /** True when the next poll should follow soon. */
  burstDue(nowMs: number): boolean {
    const costMs = Math.min(BUDGET.burst, Math.max(MIN_CHARGE_MS, this.#lastMs));
    return nowMs < this.#untilMs && this.#budget.available(nowMs) >= costMs;
  }

  /** Records that a poll starts; as part of a burst it is charged to the budget when it ends. */
  beginPoll(nowMs: number): void {
    this.#startedMs = nowMs;
    this.#isCharged = this.burstDue(nowMs);
  }

  /**
   * Records that the poll and what it led to have ended.
   *
   * @param areKnown true: the rates of all flows are known, which ends the burst unless another flow
   *   has appeared since the poll started
   */
  endPoll(nowMs: number, areKnown = false): void {
    if (areKnown && this.#triggeredMs < this.#startedMs) this.#untilMs = Number.NEGATIVE_INFINITY;
    if (!this.#isCharged) return;
    this.#isCharged = false;
    this.#lastMs = nowMs - this.#startedMs;
    this.#budget.spend(Math.max(MIN_CHARGE_MS, this.#lastMs));
  }
}
