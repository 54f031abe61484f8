import {
  defer,
  finalize,
  NEVER,
  type Observable,
  repeat,
  startWith,
  Subject,
  switchMap,
  take,
  timer,
} from 'rxjs';
import type { Tick } from '../engine/model/tick.ts';
import type { Clock } from '../engine/ports/clock.ts';
import { abortable } from './abortable.ts';
import { BurstPolling } from './burst-polling.ts';

/** Produces one tick per round. */
export interface TickSource {
  /** One round. Rejects only when aborted: a source that fails is stale in the tick. */
  observe(signal: AbortSignal): Promise<Tick>;
  /** Current period, ms. */
  readonly periodMs: number;
  /** Period right after a trigger, ms; left out: `periodMs`. */
  readonly quickPeriodMs?: number;
}

/**
 * Emits the result of `handle` for each tick.
 *
 * All ticks share one flow table, so a round starts only after the last tick has been handled, and
 * a period after the start of the last round. Unsubscribing aborts the current round.
 *
 * @param triggers each shortens the current pause and the following ones, within a budget
 * @param wakes each makes the current pause follow the source's period, if that has become shorter
 */
export function ticks<T>(
  source: TickSource,
  clock: Clock,
  handle: (tick: Tick, signal: AbortSignal) => Promise<T>,
  triggers: Observable<unknown> = NEVER,
  wakes: Observable<unknown> = NEVER,
): Observable<T> {
  return defer(() => {
    const bursts = new BurstPolling();
    const triggered = new Subject<void>();
    const subscription = triggers.subscribe(() => {
      bursts.trigger(clock.now());
      triggered.next();
    });
    subscription.add(wakes.subscribe(() => triggered.next()));
    let startedMs = clock.now();
    const round = defer(() => {
      startedMs = clock.now();
      bursts.recordPoll(startedMs);
      return abortable(async (signal) => handle(await source.observe(signal), signal));
    });
    const periodMs = (): number => {
      const nowMs = clock.now();
      if (!bursts.burstDue(nowMs)) return source.periodMs;
      const quickMs = Math.max(source.quickPeriodMs ?? source.periodMs, bursts.pauseMs(nowMs));
      return Math.min(source.periodMs, quickMs);
    };
    // Late rounds, too, leave the event loop at least one turn between them.
    const pause = (): number => Math.max(1, startedMs + periodMs() - clock.now());
    const delay = (): Observable<unknown> =>
      triggered.pipe(
        startWith(undefined),
        switchMap(() => timer(pause())),
        take(1),
      );
    return round.pipe(
      repeat({ delay }),
      finalize(() => subscription.unsubscribe()),
    );
  });
}
