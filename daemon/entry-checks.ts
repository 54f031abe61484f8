import { defer, NEVER, type Observable, repeat, timer } from 'rxjs';
import type { Engine } from '../engine/loop/engine.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import type { Log } from '../platform/log.ts';
import { abortable } from '../telemetry/abortable.ts';
import type { Observer } from '../telemetry/observer.ts';
import { HANDLING_MS } from '../telemetry/period.ts';
import type { EntryCheckResult } from '../telemetry/prometheus/loop-metrics.ts';
import { errorMessage } from '../text/error-message.ts';

/** Maximum share of vswitchd's time that checks may take. */
const MAX_SOURCE_SHARE = 0.25;
/** Assumed time to check one entry, before the first measurement, ms. */
const ENTRY_MS = 0.1;
/** Pause after a check that vswitchd did not answer, ms. */
const RETRY_MS = 5_000;
/** Maximum checks per lease. */
const CHECKS_PER_LEASE = 4;

/** Options of {@link EntryChecks}. */
export interface EntryChecksOptions {
  readonly engine: Pick<Engine, 'checkEntries'>;
  /** False: single flows cannot be read, and there are no checks. */
  readonly available: boolean;
  /** True: entries are also installed between two readings. */
  readonly placesArrivals: boolean;
  readonly table: () => FlowTable;
  readonly observer: Pick<Observer, 'isTooRareForLease' | 'lastCost' | 'setVerifiesEntries'>;
  readonly ports: Pick<PortDirectory, 'connected'>;
  readonly backends: readonly OffloadBackend[];
  /** Longest time between two verifications for which leases are renewed in time, ms. */
  readonly verifyWithinMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each check, with its duration. */
  readonly onResult: (result: EntryCheckResult, elapsedMs: number) => void;
}

/**
 * Verifies the installed entries between two readings, by reading their flows alone, where readings
 * are too rare for the lease and a check costs the vSwitch less than a reading.
 *
 * A check runs between two rounds of the loop, and right before a reading, so that the
 * verification is fresh when vswitchd starts to build its reply, during which it answers no check.
 */
export class EntryChecks {
  readonly #options: EntryChecksOptions;
  #entryMs = ENTRY_MS;
  #running: Promise<void> | undefined;
  #inRound = false;
  /** True: the current pause is longer than the lease, which checks are to keep. */
  #keepsLease = false;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #answered = false;
  #isFailing = false;

  constructor(options: EntryChecksOptions) {
    this.#options = options;
  }

  /** Checks the entries whenever that is due, until it is unsubscribed. */
  watch(): Observable<void> {
    if (!this.#options.available) return NEVER;
    const turn = defer(() =>
      abortable(async (signal) => {
        if (!this.#inRound && this.#isDue()) await this.#check(signal);
      }),
    );
    return turn.pipe(repeat({ delay: () => timer(this.#pauseMs()) }));
  }

  /** Call it before each reading; checks the entries if readings alone would not keep the lease. */
  async beginRound(signal: AbortSignal): Promise<void> {
    await this.#running;
    if (this.#isDue()) await this.#check(signal);
    this.#inRound = true;
  }

  /**
   * Call it when the reading has been handled, before its pause begins: decides whether the pause
   * may be longer than the lease. Checks then continue during the whole pause, even if one turns
   * out to take longer than a reading: nothing else would keep the lease.
   */
  endRound(): void {
    this.#inRound = false;
    const { available, placesArrivals, observer } = this.#options;
    this.#keepsLease = available && this.#answered && observer.isTooRareForLease && this.#pays();
    // Nothing needs a lease until the next reading.
    const isEmpty = !placesArrivals && this.#entries === 0;
    observer.setVerifiesEntries(this.#keepsLease || isEmpty);
  }

  /** Call it before new flows are read alone: no check runs until {@link endArrivals}. */
  async beginArrivals(): Promise<void> {
    await this.#running;
    this.#inRound = true;
  }

  /** Call it when the new flows have been handled. */
  endArrivals(): void {
    this.#inRound = false;
  }

  /** Expected time of a check, ms. */
  get #checkMs(): number {
    return this.#entries * this.#entryMs;
  }

  get #entries(): number {
    return this.#options.backends.reduce((sum, b) => sum + b.capacity().used, 0);
  }

  #pauseMs(): number {
    const { verifyWithinMs } = this.#options;
    return Math.max(verifyWithinMs / CHECKS_PER_LEASE, this.#checkMs / MAX_SOURCE_SHARE);
  }

  #isDue(): boolean {
    const { available, observer, ports, clock } = this.#options;
    if (!available || !observer.isTooRareForLease) return false;
    if (!this.#keepsLease && !this.#pays()) return false;
    return ports.connected() && clock.now() - this.#failedAtMs >= RETRY_MS;
  }

  /** True if checks keep the lease and cost less than readings that would. */
  #pays(): boolean {
    const { observer, verifyWithinMs } = this.#options;
    const checkMs = this.#checkMs;
    if (checkMs >= (observer.lastCost?.sourceMs ?? 0)) return false;
    return this.#pauseMs() + checkMs + HANDLING_MS <= verifyWithinMs;
  }

  #check(signal: AbortSignal): Promise<void> {
    this.#running ??= this.#run(signal).finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { engine, table, clock, log, onResult } = this.#options;
    const startedMs = clock.now();
    try {
      const report = await engine.checkEntries(table(), signal);
      if (report === undefined) return;
      const elapsedMs = clock.now() - startedMs;
      if (report.compared > 0) {
        this.#entryMs += 0.3 * (elapsedMs / report.compared - this.#entryMs);
        this.#answered = true;
      }
      this.#isFailing = false;
      onResult(report.complete ? 'verified' : 'incomplete', elapsedMs);
    } catch (error) {
      if (signal.aborted) return;
      this.#failedAtMs = clock.now();
      this.#answered = false;
      onResult('failed', clock.now() - startedMs);
      if (!this.#isFailing) {
        log.warn({ error: errorMessage(error) }, 'the installed entries could not be checked');
      }
      this.#isFailing = true;
    }
  }
}
