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

/** One who makes ticks, round by round. */
export interface TickSource {
  /** One round. Rejects only for `signal`: a source that fails is stale in the tick. */
  observe(signal: AbortSignal): Promise<Tick>;
  /** Period to use now, ms. */
  readonly periodMs: number;
  /** Period to use right after a trigger, ms; the usual one when left out. */
  readonly quickPeriodMs?: number;
}

/**
 * The stream of what `handle` makes of each tick.
 *
 * The flow table is shared from tick to tick, so a round starts only when the last tick has been
 * handled, and a period after the last round started. Unsubscribing aborts what is under way.
 *
 * @param nudges each cuts the pause short and makes the next ones short, too, within a budget
 */
export function ticks<T>(
  source: TickSource,
  clock: Clock,
  handle: (tick: Tick, signal: AbortSignal) => Promise<T>,
  nudges: Observable<unknown> = NEVER,
): Observable<T> {
  return defer(() => {
    const quick = new BurstPolling();
    const nudged = new Subject<void>();
    const watching = nudges.subscribe(() => {
      quick.trigger(clock.now());
      nudged.next();
    });
    let startedMs = clock.now();
    const round = defer(() => {
      startedMs = clock.now();
      quick.looked(startedMs);
      return abortable(async (signal) => handle(await source.observe(signal), signal));
    });
    const periodMs = (): number =>
      quick.due(clock.now()) ? (source.quickPeriodMs ?? source.periodMs) : source.periodMs;
    // At least one turn of the event loop between rounds, however late they are.
    const pause = (): number => Math.max(1, startedMs + periodMs() - clock.now());
    const delay = (): Observable<unknown> =>
      nudged.pipe(
        startWith(undefined),
        switchMap(() => timer(pause())),
        take(1),
      );
    return round.pipe(
      repeat({ delay }),
      finalize(() => watching.unsubscribe()),
    );
  });
}
