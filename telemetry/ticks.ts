import { defer, type Observable, repeat, timer } from 'rxjs';
import type { Tick } from '../engine/model/tick.ts';
import type { Clock } from '../engine/ports/clock.ts';
import { abortable } from './abortable.ts';

/** One who makes ticks, round by round. */
export interface TickSource {
  /** One round. Rejects only for `signal`: a source that fails is stale in the tick. */
  observe(signal: AbortSignal): Promise<Tick>;
  /** Period to use now, ms. */
  readonly periodMs: number;
}

/**
 * The stream of what `handle` makes of each tick.
 *
 * The flow table is shared from tick to tick, so a round starts only when the last tick has been
 * handled, and a period after the last round started. Unsubscribing aborts what is under way.
 */
export function ticks<T>(
  source: TickSource,
  clock: Clock,
  handle: (tick: Tick, signal: AbortSignal) => Promise<T>,
): Observable<T> {
  return defer(() => {
    let startedMs = clock.now();
    const round = defer(() => {
      startedMs = clock.now();
      return abortable(async (signal) => handle(await source.observe(signal), signal));
    });
    // At least one turn of the event loop between rounds, however late they are.
    const pause = (): number => Math.max(1, startedMs + source.periodMs - clock.now());
    return round.pipe(repeat({ delay: () => timer(pause()) }));
  });
}
