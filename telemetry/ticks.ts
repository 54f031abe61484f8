import {
  defer,
  finalize,
  ignoreElements,
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
import { ArrivalPolling, PARTIAL_READINGS, ROUNDS } from './arrival-polling.ts';
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
 * What was found of new flows: `known`: their rates; `waiting`: some have not sent a packet yet that was
 * counted; `unread`: nothing, and only a round can tell.
 */
export type ArrivalsResult = 'known' | 'waiting' | 'unread';

/** What makes a round start sooner. */
export interface Urgency<T> {
  /** Each shortens the current pause and the following ones, within a budget. */
  readonly changes?: Observable<unknown>;
  /** New flows: the same, within a smaller budget, see {@link ArrivalPolling}. */
  readonly arrivals?: Observable<unknown>;
  /**
   * Reads and handles new flows alone, in place of a round; left out: only a round finds them. Rejects
   * only when aborted.
   */
  readonly handleArrivals?: (signal: AbortSignal) => Promise<ArrivalsResult>;
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
    const { handleArrivals } = urgency;
    const bursts = new BurstPolling();
    const arrived = new ArrivalPolling(handleArrivals === undefined ? ROUNDS : PARTIAL_READINGS);
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
    /** When the last round started, and the last round or reading of new flows. */
    let startedMs = clock.now();
    let lookedMs = startedMs;
    /** True: new flows wait for a round. */
    let needsRound = false;
    const full = defer(() => {
      startedMs = clock.now();
      lookedMs = startedMs;
      bursts.recordPoll(startedMs);
      arrived.beginPoll(startedMs, handleArrivals === undefined || needsRound);
      needsRound = false;
      let areKnown = false;
      return abortable(async (signal) => {
        const result = await handle(await source.observe(signal), signal);
        areKnown = urgency.areArrivalsKnown?.(result) ?? false;
        return result;
      }).pipe(finalize(() => arrived.endPoll(clock.now(), areKnown)));
    });
    const partial = (handleNew: NonNullable<typeof handleArrivals>): Observable<never> => {
      lookedMs = clock.now();
      arrived.beginPoll(lookedMs);
      let result: ArrivalsResult = 'unread';
      return abortable(async (signal) => {
        result = await handleNew(signal);
        needsRound = result === 'unread';
      }).pipe(
        ignoreElements(),
        finalize(() => arrived.endPoll(clock.now(), result === 'known')),
      );
    };
    /** When new flows are to be read alone, ms; Infinity: not now. */
    const partialDueMs = (): number => {
      const nowMs = clock.now();
      if (handleArrivals === undefined || needsRound || !arrived.burstDue(nowMs)) return Infinity;
      return Math.max(lookedMs, arrived.sinceMs) + arrived.pauseMs(nowMs);
    };
    const roundDueMs = (): number => {
      const nowMs = clock.now();
      const isArrivalForRound = handleArrivals === undefined || needsRound;
      const pauses = [bursts, ...(isArrivalForRound ? [arrived] : [])]
        .filter((polling) => polling.burstDue(nowMs))
        .map((polling) => polling.pauseMs(nowMs));
      if (pauses.length === 0) return startedMs + source.periodMs;
      const quickMs = Math.max(source.quickPeriodMs ?? source.periodMs, Math.min(...pauses));
      return startedMs + Math.min(source.periodMs, quickMs);
    };
    let isPartialNext = false;
    const round = defer(() =>
      isPartialNext && handleArrivals !== undefined ? partial(handleArrivals) : full,
    );
    const pause = (): number => {
      const nowMs = clock.now();
      const [roundMs, partialMs] = [roundDueMs(), partialDueMs()];
      // Readings of new flows have a small budget, so they cannot delay rounds for long.
      isPartialNext = partialMs <= Math.max(nowMs, roundMs);
      // Late rounds, too, leave the event loop at least one turn between them.
      return Math.max(1, Math.min(roundMs, partialMs) - nowMs);
    };
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
