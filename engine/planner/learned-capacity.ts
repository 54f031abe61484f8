/** Time without a refusal after which more is tried, ms; and by what part more. */
const QUIET_MS = 5_000;
const FIRST_RISE = 0.01;

/** What became of the installations of one plan. */
export interface Installed {
  /** Entries that were taken, and those refused because there was no room for them. */
  readonly taken: number;
  readonly refused: number;
  /** Entries in use after it. */
  readonly used: number;
}

/**
 * How many entries really fit. A hash table refuses entries before it is full (probe depth, EBUSY),
 * a device may have less than it says, and others may use it, too (ENOSPC).
 *
 * A refusal lowers the estimate towards what is in use: all the way when half of the entries or
 * more were refused, hardly when it was a few of many, who had bad luck in a hash table that has
 * room. Time without a refusal raises it again, by twice as much each time.
 */
export class LearnedCapacity {
  #entries = Number.POSITIVE_INFINITY;
  #quietSinceMs = Number.NEGATIVE_INFINITY;
  #rise = FIRST_RISE;

  /** Entries that can be counted on, of so many declared. */
  entries(declared: number): number {
    return Math.min(declared, this.#entries);
  }

  /** Takes note of what became of a plan. */
  learn({ taken, refused, used }: Installed, declared: number, nowMs: number): void {
    const believed = this.entries(declared);
    if (refused > 0) {
      const refusedPart = refused / (taken + refused);
      const above = Math.max(0, believed - used) * Math.max(0, 1 - 2 * refusedPart);
      this.#entries = Math.max(1, used + Math.floor(above));
      this.#quietSinceMs = nowMs;
      this.#rise = FIRST_RISE;
      return;
    }
    if (believed >= declared) return;
    if (used > believed) this.#entries = used;
    if (nowMs - this.#quietSinceMs < QUIET_MS) return;
    this.#quietSinceMs = nowMs;
    this.#entries = believed + Math.max(1, Math.ceil(believed * this.#rise));
    this.#rise *= 2;
    if (this.#entries >= declared) this.#entries = Number.POSITIVE_INFINITY;
  }
}
