/** Time without a refusal after which the estimate rises, ms, and by what part at first. */
const QUIET_MS = 5_000;
const FIRST_RISE = 0.01;

/** Results of one plan's installations. */
export interface Installed {
  /** Entries accepted, and entries refused for lack of room. */
  readonly accepted: number;
  readonly refused: number;
  /** Entries in use after it. */
  readonly used: number;
}

/**
 * Estimate of the entries that fit. A hash table refuses entries before it is full (probe depth,
 * EBUSY), a device may hold fewer than it declares, and others may use it, too (ENOSPC).
 *
 * A refusal lowers the estimate towards the entries in use: completely if half of the entries or
 * more were refused, hardly if only a few were, which are collisions in a hash table with room.
 * Time without a refusal raises it again, by twice as much each time.
 */
export class LearnedCapacity {
  #entries = Number.POSITIVE_INFINITY;
  #quietSinceMs = Number.NEGATIVE_INFINITY;
  #rise = FIRST_RISE;

  /** Estimated entries of a table that declares `declared`. */
  entries(declared: number): number {
    return Math.min(declared, this.#entries);
  }

  /** Updates the estimate with the results of a plan. */
  recordInstalls({ accepted, refused, used }: Installed, declared: number, nowMs: number): void {
    const current = this.entries(declared);
    if (refused > 0) {
      const refusedPart = refused / (accepted + refused);
      const above = Math.max(0, current - used) * Math.max(0, 1 - 2 * refusedPart);
      this.#entries = Math.max(1, used + Math.floor(above));
      this.#quietSinceMs = nowMs;
      this.#rise = FIRST_RISE;
      return;
    }
    if (current >= declared) return;
    if (used > current) this.#entries = used;
    if (nowMs - this.#quietSinceMs < QUIET_MS) return;
    this.#quietSinceMs = nowMs;
    this.#entries = current + Math.max(1, Math.ceil(current * this.#rise));
    this.#rise *= 2;
    if (this.#entries >= declared) this.#entries = Number.POSITIVE_INFINITY;
  }
}
