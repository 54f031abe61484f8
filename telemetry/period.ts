/** Limits of a polling period. */
export interface PeriodOptions {
  /** Minimum period, ms; used while reading is cheap. */
  readonly periodMs: number;
  /** Maximum period while flows have or could get an entry, ms. */
  readonly maxPeriodMs: number;
  /** Maximum period while nothing has happened for long, ms; left out: `maxPeriodMs`. */
  readonly maxIdlePeriodMs?: number;
  /** Share of the source's time that reading may take, 0 to 1. */
  readonly sourceShare: number;
}

/** Of `verifyWithinMs`: for handling a reading and for the next renewal, ms. */
export const HANDLING_MS = 500;
/** Most of the source's time that leases may make readings take; beyond it they expire. */
const MAX_SHARE = 0.5;

/** As soon as the loop is idle: minimum periods between readings, and part of the source's share. */
const IDLE_PERIODS = 8;
const IDLE_SHARE = 0.2;
/** The period while the loop stays idle: this part of the time that it has been idle for. */
const QUIET_PART = 0.25;
/** Share of the source's time below which readings need not be rarer still. */
export const QUIET_SHARE = 0.001;

/**
 * A period that adapts to the cost of reading: reading for `costMs` every `costMs / share` ms takes
 * that share of the source's time. The cost is smoothed, so that one slow answer does not double
 * the period.
 *
 * While the loop is idle, readings are rarer: they could only find that something has begun. The
 * longer nothing has, the rarer they are, until they cost the source next to nothing.
 */
export class AdaptivePeriod {
  readonly #options: PeriodOptions;
  readonly #verifyWithinMs: number;
  #costMs: number | undefined;
  /**
   * Time since which no flow has or could get an entry, and nothing has begun, ms; undefined: the
   * loop is not idle.
   */
  quietMs: number | undefined;
  /** True: entries are verified between readings, so that leases need no shorter period. */
  verifiesEntries = false;

  /**
   * @param verifyWithinMs longest time from one request to the reply of the next for which leases are
   *   renewed in time, ms
   */
  constructor(options: PeriodOptions, verifyWithinMs = Number.POSITIVE_INFINITY) {
    this.#options = options;
    this.#verifyWithinMs = verifyWithinMs;
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
    const leaseMs = this.verifiesEntries ? Number.POSITIVE_INFINITY : this.#leasePeriodMs();
    return this.#periodMs(leaseMs);
  }

  /**
   * True if the source's share alone leads to a period with which leases would expire when a reading
   * takes twice the usual time, for example because the source answers somebody else first. False
   * while the loop is idle: an empty table is verified without a reading.
   */
  get isTooRareForLease(): boolean {
    if (this.quietMs !== undefined) return false;
    return this.#periodMs(Number.POSITIVE_INFINITY) > this.#longestMs - this.costMs;
  }

  /** @param maxBusyMs longest period while the loop is not idle */
  #periodMs(maxBusyMs: number): number {
    const { periodMs, maxPeriodMs, sourceShare } = this.#options;
    const shareMs = Math.min(maxPeriodMs, Math.max(periodMs, this.costMs / sourceShare));
    const busyMs = Math.min(shareMs, maxBusyMs);
    if (this.quietMs === undefined) return busyMs;
    const idleMs = Math.max(IDLE_PERIODS * periodMs, this.costMs / (IDLE_SHARE * sourceShare));
    return Math.max(busyMs, Math.min(maxPeriodMs, idleMs), this.#quietPeriodMs(this.quietMs));
  }

  #quietPeriodMs(quietMs: number): number {
    const { maxPeriodMs, maxIdlePeriodMs = maxPeriodMs } = this.#options;
    return Math.min(maxIdlePeriodMs, this.costMs / QUIET_SHARE, QUIET_PART * quietMs);
  }

  /** Longest period with which leases are renewed in time. */
  get #longestMs(): number {
    return this.#verifyWithinMs - this.costMs - HANDLING_MS;
  }

  /** The same; Infinity if no reasonable one would do, or none is needed. */
  #leasePeriodMs(): number {
    const useful = this.#longestMs >= Math.max(this.#options.periodMs, this.costMs / MAX_SHARE);
    return useful ? this.#longestMs : Number.POSITIVE_INFINITY;
  }
}
