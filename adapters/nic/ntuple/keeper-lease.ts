import type { LeaseRenewal, WatchdogState } from '../../../engine/ports/offload-backend.ts';
import type { FilterWriter } from './keeper/filter-writer.ts';

/** What depends on the lease. */
export interface LeaseUsers {
  /** The keeper has the lease until then, ms of CLOCK_MONOTONIC. */
  renewed(untilMs: number): Promise<void>;
  /** A new lease is in force: what the device has dropped is installed again. */
  restore(): Promise<void>;
  /** The lease has ended, and the device has dropped everything. */
  lapsed(): Promise<void>;
  /** Entries that are in the device now. */
  readonly entries: number;
}

export interface KeeperLeaseOptions {
  readonly leaseMs: number;
  readonly writer: FilterWriter;
  readonly users: LeaseUsers;
  /** CLOCK_MONOTONIC, ms. */
  readonly nowMs: () => number;
}

/** The lease of a keeper process, as its backend knows it. One call at a time. */
export class KeeperLease {
  readonly #options: KeeperLeaseOptions;
  #untilMs = Number.NEGATIVE_INFINITY;
  /** When the last lease ended; later verifications can begin another. */
  #lapsedAtMs = Number.NEGATIVE_INFINITY;
  #hasLapsed = true;
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #removedEntries = 0;

  constructor(options: KeeperLeaseOptions) {
    this.#options = options;
  }

  /** The keeper as the watchdog of the lease. */
  get watchdog(): WatchdogState {
    const { writer, nowMs } = this.#options;
    return {
      isAlive: writer.pid !== 0,
      pid: writer.pid,
      readAgeMs: nowMs() - this.#renewedAtMs,
      leaseLeftMs: Math.max(0, this.#untilMs - nowMs()),
      removedEntries: this.#removedEntries,
    };
  }

  /** End of the lease in force, ms of CLOCK_MONOTONIC; -Infinity: no lease. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** @param verifiedAtMs as for the backend */
  async renew(verifiedAtMs: number): Promise<LeaseRenewal> {
    const { leaseMs, writer, users, nowMs } = this.#options;
    const untilMs = verifiedAtMs + leaseMs;
    if (nowMs() >= this.#untilMs) await this.lapse();
    if (untilMs <= nowMs() || verifiedAtMs < this.#lapsedAtMs) return 'late';
    await writer.renew(untilMs);
    this.#untilMs = untilMs;
    this.#renewedAtMs = nowMs();
    await users.renewed(untilMs);
    if (this.#hasLapsed) await users.restore();
    this.#hasLapsed = false;
    return 'renewed';
  }

  /** The keeper has removed everything, because the lease has ended or it has died. */
  async removed(): Promise<void> {
    if (!this.#hasLapsed) this.#removedEntries += this.#options.users.entries;
    await this.lapse();
  }

  /** The device has dropped everything. */
  async lapse(): Promise<void> {
    if (this.#hasLapsed) return;
    this.#hasLapsed = true;
    this.#lapsedAtMs = Math.min(this.#untilMs, this.#options.nowMs());
    this.#untilMs = Number.NEGATIVE_INFINITY;
    await this.#options.users.lapsed();
  }
}
