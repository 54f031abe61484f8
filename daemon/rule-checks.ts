import { setTimeout as sleep } from 'node:timers/promises';
import { exhaustMap, ignoreElements, NEVER, type Observable, tap } from 'rxjs';
import type { Engine } from '../engine/loop/engine.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { TokenBucket } from '../engine/planner/token-bucket.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { Log } from '../platform/log.ts';
import { abortable } from '../telemetry/abortable.ts';
import type { Observer } from '../telemetry/observer.ts';
import { errorMessage } from '../text/error-message.ts';

/** Time after a change during which entries are compared, ms: the vSwitch's revalidators need a moment. */
const BURST_MS = 250;
/** A reading waits for checks after a change at most so long, as a multiple of what it costs, and in ms. */
const HOLD = { readings: 2, minMs: 10, maxMs: 100 };
/**
 * Pause between two checks, as a part of the time since the change: so much later than the vSwitch an entry
 * changes, at most, besides the check itself.
 */
const PAUSE_SHARE = 0.125;
const MIN_PAUSE_MS = 2;
/** Share of vswitchd's time that the checks of a burst take, at most. */
const SOURCE_SHARE = 0.25;
/** Time for checks: ms per second, and at once. */
const BUDGET = { perSecond: 10, burst: 250 };
/** Checks are also worth it where a reading costs less: a round takes some time besides. */
const MIN_READING_MS = 5;

/** Options of {@link RuleChecks}. */
export interface RuleChecksOptions {
  readonly engine: Pick<Engine, 'checkEntries'>;
  /** False: no flow can be read alone, or other checks are made. */
  readonly available: boolean;
  readonly table: () => FlowTable;
  readonly observer: Pick<Observer, 'lastCost'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Compares the entries with their megaflows in quick succession when the vSwitch's rules have changed, by
 * reading these alone, where that costs less than a reading of all.
 *
 * A check that finds no difference verifies nothing: readings do that.
 */
export class RuleChecks {
  readonly #options: RuleChecksOptions;
  readonly #budget = new TokenBucket(BUDGET);
  #changedMs = Number.NEGATIVE_INFINITY;
  /** What the last check took, ms; 0 before the first. */
  #checkMs = 0;
  #running: Promise<void> | undefined;
  /** A reading may begin. */
  #free: Promise<void> | undefined;
  #inRound = false;

  constructor(options: RuleChecksOptions) {
    this.#options = options;
  }

  /** Checks after each change, until it is unsubscribed. */
  watch(changes: Observable<unknown>): Observable<never> {
    if (!this.#options.available) return NEVER;
    return changes.pipe(
      tap(() => (this.#changedMs = this.#options.clock.now())),
      exhaustMap(() => abortable((signal) => this.#burst(signal))),
      ignoreElements(),
    );
  }

  /** Call it before each reading; waits for the checks after a change, and not for long. */
  async beginRound(): Promise<void> {
    await this.#free;
    await this.#running;
    this.#inRound = true;
  }

  /** Call it when the reading has been handled. */
  endRound(): void {
    this.#inRound = false;
  }

  async #burst(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let free = (): void => undefined;
    this.#free = new Promise((resolve) => (free = resolve));
    const freeAtMs = clock.now() + this.#holdMs();
    try {
      while (clock.now() - this.#changedMs < BURST_MS) {
        if (!this.#pays()) return;
        const outdated = this.#inRound ? 0 : await this.#check(signal);
        if (outdated > 0 || clock.now() >= freeAtMs) free();
        const sinceMs = clock.now() - this.#changedMs;
        const pauseMs = Math.max(MIN_PAUSE_MS, PAUSE_SHARE * sinceMs, this.#checkMs / SOURCE_SHARE);
        await sleep(pauseMs, undefined, { signal });
      }
    } catch (error) {
      if (signal.aborted) return;
      log.debug(
        { error: errorMessage(error) },
        'entries were not compared after a change of rules',
      );
    } finally {
      free();
    }
  }

  /** Compares the entries; resolves to the number of those that were outdated. */
  async #check(signal: AbortSignal): Promise<number> {
    const { engine, table, clock } = this.#options;
    const startedMs = clock.now();
    const checking = engine.checkEntries(table(), signal);
    this.#running = checking.then(
      () => undefined,
      () => undefined,
    );
    const report = await checking;
    this.#checkMs = clock.now() - startedMs;
    this.#budget.spend(this.#checkMs);
    return report?.outdated ?? 0;
  }

  #holdMs(): number {
    return Math.min(HOLD.maxMs, Math.max(HOLD.minMs, HOLD.readings * this.#readingMs));
  }

  #pays(): boolean {
    const { clock } = this.#options;
    if (this.#budget.available(clock.now()) < this.#checkMs) return false;
    return this.#checkMs <= Math.max(MIN_READING_MS, this.#readingMs);
  }

  get #readingMs(): number {
    return this.#options.observer.lastCost?.sourceMs ?? 0;
  }
}
