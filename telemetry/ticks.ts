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
import { ArrivalPolling } from './arrival-polling.ts';
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

/** What makes a round start sooner. */
export interface Urgency<T> {
  /** Each shortens the current pause and the following ones, within a budget. */
  readonly changes?: Observable<unknown>;
  /** New flows: the same, within a smaller budget, see {@link ArrivalPolling}. */
  readonly arrivals?: Observable<unknown>;
  /** True if a round found the rates of all new flows, so that they need no other one; left out: never. */
  readonly areArrivalsKnown?: (result: T) => boolean;
  /** Each makes the current pause follow the source's period, if that has become shorter. */
  readonly wakes?: Observable<unknown>;
}

/**
 * Emits the result of `handle` for each tick.
 *
 * All ticks share one flow table, so a round starts only after the last tick has been handled, and
 * a period after the start of the last round. Unsubscribing aborts the current round.
 */
export function ticks<T>(
  source: TickSource,
  clock: Clock,
  handle: (tick: Tick, signal: AbortSignal) => Promise<T>,
  urgency: Urgency<T> = {},
): Observable<T> {
  const { changes = NEVER, arrivals = NEVER, wakes = NEVER } = urgency;
  return defer(() => {
    const bursts = new BurstPolling();
    const arrived = new ArrivalPolling();
    const triggered = new Subject<void>();
    const subscription = changes.subscribe(() => {
      bursts.trigger(clock.now());
      triggered.next();
    });
    const arrival = (): void => {
      arrived.trigger(clock.now());
      triggered.next();
    };
    subscription.add(arrivals.subscribe(arrival));
    subscription.add(wakes.subscribe(() => triggered.next()));
    let startedMs = clock.now();
    const round = defer(() => {
      startedMs = clock.now();
      bursts.recordPoll(startedMs);
      arrived.beginPoll(startedMs);
      let areKnown = false;
      return abortable(async (signal) => {
        const result = await handle(await source.observe(signal), signal);
        areKnown = urgency.areArrivalsKnown?.(result) ?? false;
        return result;
      }).pipe(finalize(() => arrived.endPoll(clock.now(), areKnown)));
    });
    const periodMs = (): number => {
      const nowMs = clock.now();
      const pauses = [bursts, arrived]
        .filter((polling) => polling.burstDue(nowMs))
        .map((polling) => polling.pauseMs(nowMs));
      if (pauses.length === 0) return source.periodMs;
      const quickMs = Math.max(source.quickPeriodMs ?? source.periodMs, Math.min(...pauses));
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
