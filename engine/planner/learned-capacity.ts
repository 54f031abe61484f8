/** Time after a full table before one more entry is tried, ms, and the growth of further steps. */
const RETRY_MS = 500;
const STEP_GROWTH = 4;

/** Refusals in a row after which a table counts as full: at least, and at most. */
const MIN_PROOF = 1;
const MAX_PROOF = 64;

/** Results of one plan's installations. */
export interface Installed {
  /** Flows that the backend was asked to install. */
  readonly tried: number;
  /** The last of these in a row that it refused as if the table were full (ENOSPC). */
  readonly refusedLast: number;
  /** True if it accepted a flow with at least as many entries in use as when it refused another. */
  readonly isSelective: boolean;
  /** Entries in use after the plan. */
  readonly used: number;
}

/**
 * Estimate of the entries that fit: a device may hold fewer than it declares, and others may use
 * it, too. A table that refuses everyone is full, and the estimate falls to the entries in use. Half
 * a second later one entry more is tried, then four, then sixteen, as long as the table accepts them.
 *
 * A refusal of some while others are accepted (a hash table without a place for this flow within
 * its probe depth or its bucket) says nothing about the size of the table. Hash tables of buckets
 * answer as full tables do; so each time that a table is selective doubles the number of refusals in a
 * row that it takes to be full, from one to 64.
 */
export class LearnedCapacity {
  #entries = Number.POSITIVE_INFINITY;
  #riseAtMs = Number.NEGATIVE_INFINITY;
  /** Entries by which the estimate rises next. */
  #step = 1;
  /** Refusals in a row after which the table counts as full. */
  #proof = MIN_PROOF;

  /** Estimated entries of a table that declares `declared`. */
  entries(declared: number): number {
    return Math.min(declared, this.#entries);
  }

  /** Updates the estimate with the results of a plan. */
  recordInstalls(
    { tried, refusedLast, isSelective, used }: Installed,
    declared: number,
    nowMs: number,
  ): void {
    if (isSelective) {
      this.#proof = Math.min(MAX_PROOF, this.#proof * 2);
    } else if (refusedLast > 0 && refusedLast >= Math.min(tried, this.#proof)) {
      this.#proof = Math.max(MIN_PROOF, this.#proof / 2);
      this.#entries = Math.max(1, used);
      this.#riseAtMs = nowMs + RETRY_MS;
      this.#step = 1;
      return;
    }
    if (this.entries(declared) >= declared) return;
    if (used > this.#entries) this.#entries = used;
    if (nowMs < this.#riseAtMs) return;
    this.#entries += this.#step;
    this.#step *= STEP_GROWTH;
    if (this.#entries >= declared) this.#entries = Number.POSITIVE_INFINITY;
  }
}
