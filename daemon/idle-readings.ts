import { filter, ignoreElements, merge, type Observable, Subject, tap } from 'rxjs';
import type { Engine } from '../engine/loop/engine.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import type { HostWatch } from '../telemetry/host-watch.ts';
import type { Observer } from '../telemetry/observer.ts';
import { type IdleReport, IdleWatch } from './idle-watch.ts';

/** Time in which the vSwitch's revalidators apply a change of rules to the datapath, ms. */
const APPLIED_MS = 1_000;

/** Options of {@link IdleReadings}. */
export interface IdleReadingsOptions {
  readonly observer: Pick<Observer, 'lastCost' | 'setQuiet'>;
  readonly host: Pick<HostWatch, 'loads' | 'samples'>;
  readonly ports: Pick<PortDirectory, 'connected'>;
  readonly backends: readonly OffloadBackend[];
  readonly engine: Pick<Engine, 'verifyEmpty'>;
  readonly clock: Clock;
  /** Period of the ports' loads while the loop is idle, ms. */
  readonly loadPeriodMs: number;
}

/** Makes readings rare while the loop is idle, and verifies the empty backends without them. */
export class IdleReadings {
  readonly #options: IdleReadingsOptions;
  readonly #watch = new IdleWatch();
  readonly #woken = new Subject<void>();
  readonly #lateChanges = new Subject<void>();
  /** When the rules last changed while the loop was resting, ms of the clock. */
  #changedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: IdleReadingsOptions) {
    this.#options = options;
  }

  /** Records that a reading begins. */
  beginReading(): void {
    this.#watch.beginReading();
  }

  /** Records that a reading of new flows alone has been handled; the loop is as idle as before. */
  endArrivals(): void {
    this.#watch.endArrivals();
  }

  /** Records the report of a tick, and sets the period for the pause that follows. */
  endTick(report: IdleReport): void {
    const { backends, observer, clock } = this.#options;
    const entries = backends.reduce((sum, backend) => sum + backend.capacity().used, 0);
    this.#watch.endTick(report, entries);
    const nowMs = clock.now();
    observer.setQuiet(this.#watch.quietMs(nowMs));
    if (entries > 0 && nowMs - this.#changedAtMs < APPLIED_MS) this.#lateChanges.next();
  }

  /** Ends the idle time: what is wanted, or may be placed, has changed. */
  wake(): void {
    this.#watch.wake();
    this.#wakeUp();
  }

  /**
   * Records a change of the vSwitch's rules. False: the loop does not rest, and entries may be wrong.
   * While it rests, there is no entry that the change could make wrong.
   */
  rulesChanged(): boolean {
    if (!this.#watch.isResting) return false;
    const nowMs = this.#options.clock.now();
    this.#changedAtMs = nowMs;
    if (this.#watch.wakesForRules(nowMs, this.#readingMs)) this.#wakeUp();
    return true;
  }

  /**
   * Records that flows have appeared. True: they are worth a reading now. While the loop is idle, that
   * ends the idle time, within a budget.
   */
  flowAppeared(): boolean {
    if (!this.#watch.isIdle) return true;
    if (!this.#watch.wakesForNewFlow(this.#options.clock.now(), this.#readingMs)) return false;
    this.#wakeUp();
    return true;
  }

  /**
   * Emits after a tick that may have installed entries by flows to which a change, recorded while the
   * loop was resting, was not applied yet.
   */
  get lateChanges(): Observable<void> {
    return this.#lateChanges;
  }

  /** Emits when the idle time ends: a candidate may have appeared. Never ends, never fails. */
  wakes(): Observable<void> {
    return merge(this.#verifications(), this.#rises(), this.#woken);
  }

  /** An empty backend is verified without a reading. */
  #verifications(): Observable<never> {
    const { host, ports, engine } = this.#options;
    return host.samples.pipe(
      // Safe: entries are installed only by later readings, and changed ports are reported until then.
      filter(() => this.#watch.isResting && ports.connected()),
      tap(() => engine.verifyEmpty()),
      ignoreElements(),
    );
  }

  #rises(): Observable<never> {
    const { host, clock, loadPeriodMs } = this.#options;
    return host
      .loads(loadPeriodMs, () => this.#watch.isResting)
      .pipe(
        filter((loads) => this.#watch.wakesForLoads(loads, clock.now(), this.#readingMs)),
        tap(() => this.#wakeUp()),
        ignoreElements(),
      );
  }

  /** Time that a reading takes from the vSwitch, ms. */
  get #readingMs(): number {
    return this.#options.observer.lastCost?.sourceMs ?? 0;
  }

  #wakeUp(): void {
    this.#options.observer.setQuiet(undefined);
    this.#woken.next();
  }
}
