/** Result of {@link Lease.renew}. */
export type Renewal = 'renewed' | 'late';

/**
 * The lease of the transmit rules: a moment of the guest's CLOCK_BOOTTIME, which also runs while the
 * guest is suspended.
 *
 * After rules were removed because it ended, one renewal is refused: the host has to put the rules
 * again.
 */
export class Lease {
  #untilMs: number | undefined;
  #hasLapsed = false;

  /** When the lease ends, ms; undefined: no lease. */
  get untilMs(): number | undefined {
    return this.#untilMs;
  }

  /** True if the lease has ended. */
  isOver(nowMs: number): boolean {
    return this.#untilMs !== undefined && nowMs >= this.#untilMs;
  }

  /** Ends the lease. @param hasLost true if rules were removed, which the host has to learn */
  end(hasLost: boolean): void {
    this.#untilMs = undefined;
    if (hasLost) this.#hasLapsed = true;
  }

  /** Call {@link isOver} first. Never shortens the lease. */
  renew(untilMs: number, nowMs: number): Renewal {
    if (untilMs <= nowMs || this.#hasLapsed) {
      this.#hasLapsed = false;
      return 'late';
    }
    this.#untilMs = Math.max(untilMs, this.#untilMs ?? 0);
    return 'renewed';
  }
}
