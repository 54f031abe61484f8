/** Time without a full table after which the estimate rises, ms, and by what part at first. */
const QUIET_MS = 5_000;
const FIRST_RISE = 0.01;

/** Part of the installations that collide, from which more of the table is kept free. */
const MANY_COLLISIONS = 1 / 8;
/** Part of the table that is kept free: at most, and changes after a plan with and without collisions. */
const MAX_RESERVE = 0.04;
const RESERVE_RISE = 0.01;
const RESERVE_FALL = 0.001;

/** Results of one plan's installations. */
export interface Installed {
  /** Flows that the backend was asked to install. */
  readonly tried: number;
  /** Of these, flows for which a hash table had no place within its probe depth. */
  readonly collided: number;
  /** True if an entry was refused because every entry is in use. */
  readonly full: boolean;
  /** Entries in use after the plan. */
  readonly used: number;
}

/**
 * Estimate of the entries that fit: a device may hold fewer than it declares, and others may use
 * it, too (ENOSPC). A full table lowers the estimate to the entries in use; time without one raises
 * it again, by twice as much each time.
 *
 * A collision (a hash table without a place for this flow within its probe depth, EBUSY) says
 * nothing about the size of the table: that flow waits, and the next best one is tried. But the
 * fuller the table, the more flows collide, and the best among them wait for a place while worse
 * ones have one. Therefore a small part of the table is kept free while many collide. No entry is
 * removed for it.
 */
export class LearnedCapacity {
  #entries = Number.POSITIVE_INFINITY;
  #quietSinceMs = Number.NEGATIVE_INFINITY;
  #rise = FIRST_RISE;
  /** Part of the table that is kept free, 0 to {@link MAX_RESERVE}. */
  #reserve = 0;

  /** Estimated entries of a table that declares `declared`. */
  entries(declared: number): number {
    return Math.min(declared, this.#entries);
  }

  /** Entries to plan with: the estimate without the part that is kept free; at least `used`. */
  planned(declared: number, used: number): number {
    const entries = this.entries(declared);
    return Math.min(entries, Math.max(used, Math.ceil(entries * (1 - this.#reserve))));
  }

  /** Updates the estimates with the results of a plan. */
  recordInstalls(installed: Installed, declared: number, nowMs: number): void {
    this.#recordCollisions(installed);
    this.#recordFull(installed, declared, nowMs);
  }

  #recordCollisions({ tried, collided }: Installed): void {
    if (tried === 0) return;
    const change = collided > tried * MANY_COLLISIONS ? RESERVE_RISE : -RESERVE_FALL;
    this.#reserve = Math.min(MAX_RESERVE, Math.max(0, this.#reserve + change));
  }

  #recordFull({ full, used }: Installed, declared: number, nowMs: number): void {
    const current = this.entries(declared);
    if (full) {
      this.#entries = Math.max(1, used);
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
