/** Longest time after a new flow during which flows are polled more often, ms. */
export const BURST_MS = 250;
/** Time that polls for new flows may take, ms: per second, and at once. */
const BUDGET = { perSecond: 40, burst: 500 };

/** How polls for new flows follow each other. All flows that appear meanwhile share the next poll. */
export interface ArrivalPolls {
  /**
   * Pause between two polls of a burst, ms: `growth` times the age of its oldest unpolled flow, at least
   * `min` and at most `max`.
   */
  readonly min: number;
  readonly max: number;
  readonly growth: number;
  /** A poll counts as at least this long, ms, which limits the number of polls, too. */
  readonly minChargeMs: number;
}

/** Each poll reads all flows. */
export const ROUNDS: ArrivalPolls = {
  min: 25,
  max: BURST_MS / 2,
  growth: 0.5,
  minChargeMs: 20,
};

/** Each poll reads the new flows alone. */
export const PARTIAL_READINGS: ArrivalPolls = {
  min: 15,
  max: BURST_MS / 2,
  growth: 1,
  minChargeMs: 4,
};

/**
 * Decides when to poll sooner because flows have appeared: until a reading has found packets of each
 * of them, so that their rates are known, but not for long. Flows appear all the time on some nodes,
 * so these polls have a budget of their own: 4 % of the loop's time, and after a calm time half a second
 * of it. That is two rounds a second or ten partial readings, if they take no longer than their minimum
 * charge; after a calm time 25 or 125. Without budget, new flows wait for the next reading.
 */
export class ArrivalPolling {
  readonly #polls: ArrivalPolls;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #triggeredMs = Number.NEGATIVE_INFINITY;
  #startedMs = Number.NEGATIVE_INFINITY;
  #isCharged = false;
  #leftMs = BUDGET.burst;
  #refilledAtMs = Number.NEGATIVE_INFINITY;

  constructor(polls: ArrivalPolls = ROUNDS) {
    this.#polls = polls;
  }

  /** When the first flow appeared after the last poll, or before it if none has since, ms. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Starts a burst, or continues it: a flow has appeared. */
  trigger(nowMs: number): void {
    const isPolled = this.#startedMs >= this.#sinceMs;
    if (nowMs >= this.#untilMs || isPolled) this.#sinceMs = nowMs;
    this.#untilMs = nowMs + BURST_MS;
    this.#triggeredMs = nowMs;
  }

  /** Pause between two polls of a burst, ms; it grows with the time since {@link sinceMs}. */
  pauseMs(nowMs: number): number {
    const { min, max, growth } = this.#polls;
    return Math.min(max, Math.max(min, growth * (nowMs - this.#sinceMs)));
  }

  /** True when the next poll should follow soon. */
  burstDue(nowMs: number): boolean {
    return nowMs < this.#untilMs && this.#leftAt(nowMs) >= this.#polls.minChargeMs;
  }

  /**
   * Records that a poll starts; as part of a burst it is charged to the budget when it ends.
   *
   * @param isForNewFlows false: it would start now without new flows, too, and is not charged
   */
  beginPoll(nowMs: number, isForNewFlows = true): void {
    this.#startedMs = nowMs;
    this.#isCharged = isForNewFlows && this.burstDue(nowMs);
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
    this.#leftAt(nowMs);
    this.#leftMs -= Math.max(this.#polls.minChargeMs, nowMs - this.#startedMs);
  }

  /** Time left in the budget, ms; negative while a slow poll has not been paid. */
  #leftAt(nowMs: number): number {
    if (nowMs <= this.#refilledAtMs) return this.#leftMs;
    const seconds = (nowMs - this.#refilledAtMs) / 1000;
    this.#refilledAtMs = nowMs;
    this.#leftMs = Math.min(BUDGET.burst, this.#leftMs + seconds * BUDGET.perSecond);
    return this.#leftMs;
  }
}
