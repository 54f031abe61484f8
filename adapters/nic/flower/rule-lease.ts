import { setTimeout as sleep } from 'node:timers/promises';
import type { LeaseRenewal } from '../../../engine/ports/offload-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import type { Lease } from '../core/lease.ts';
import type { Pins } from './pins.ts';
import type { Watchdog } from './watchdog.ts';

/** Longest wait for the watchdog to have removed the rules of a lapsed lease, ms. */
const REMOVAL_MS = 500;
const STEP_MS = 5;
/** Longest wait for a watchdog that starts, ms. */
const START_MS = 10_000;

/** The part of the lease in hardware that is kept for the removal of the rules: one in so many. */
const RESERVE = 4;

/**
 * From a verification until when a lease is renewed that must end after `leaseMs`: the watchdog needs
 * time to remove rules from hardware.
 */
export function heldMs(leaseMs: number, isWatched: boolean): number {
  return isWatched ? leaseMs - Math.floor(leaseMs / RESERVE) : leaseMs;
}

/**
 * The lease of rules. In software, the gate checks it for each packet. In hardware, the watchdog removes
 * the rules when it lapses, and they are written again after a renewal.
 */
export class RuleLease {
  readonly #lease: Pick<Lease, 'renew' | 'end'>;
  readonly #pins: Pins;
  readonly #watchdog: Watchdog | undefined;
  readonly #heldMs: number;

  /** @param watchdog undefined: rules are in software */
  constructor(
    lease: Pick<Lease, 'renew' | 'end'>,
    pins: Pins,
    watchdog: Watchdog | undefined,
    leaseMs: number,
  ) {
    this.#lease = lease;
    this.#pins = pins;
    this.#watchdog = watchdog;
    this.#heldMs = heldMs(leaseMs, watchdog !== undefined);
  }

  /** Waits for the watchdog to run, for a bounded time. */
  async waitForWatchdog(signal: AbortSignal): Promise<void> {
    const watchdog = this.#watchdog;
    const lateMs = monotonicMs() + START_MS;
    while (watchdog?.isAlive() === false && monotonicMs() < lateMs) {
      signal.throwIfAborted();
      await sleep(STEP_MS);
    }
  }

  /** Whether rules may be written: in hardware they are in force at once. */
  mayInstall(): boolean {
    return this.#watchdog === undefined || !this.isLapsed();
  }

  /** Time until the lease lapses if it is not renewed, ms; 0: it has, or never began. */
  leftMs(): number {
    return Math.max(0, this.#pins.leaseUntilMs - monotonicMs());
  }

  /** Whether the lease has ended, or never begun. */
  isLapsed(): boolean {
    return this.leftMs() === 0;
  }

  /**
   * Renews the lease as {@link OffloadBackend.renewLease} requires. In hardware, only while the
   * watchdog runs, and after a lapse only once it has removed all rules.
   */
  async renew(verifiedAtMs: number): Promise<LeaseRenewal> {
    const watchdog = this.#watchdog;
    if (watchdog !== undefined) {
      watchdog.ensure();
      if (!watchdog.isAlive()) return 'late';
      if (this.isLapsed() && !(await this.#isCleared())) return 'late';
    }
    return this.#lease.renew(verifiedAtMs, verifiedAtMs + this.#heldMs);
  }

  end(): void {
    this.#lease.end();
  }

  async #isCleared(): Promise<boolean> {
    const lapsedMs = this.#pins.leaseUntilMs;
    const lateMs = monotonicMs() + REMOVAL_MS;
    while (this.#pins.removedMs < lapsedMs || this.#pins.removedMs === 0) {
      if (monotonicMs() > lateMs) return false;
      await sleep(STEP_MS);
    }
    return true;
  }
}
