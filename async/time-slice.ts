import { setImmediate as turn } from 'node:timers/promises';
import type { YieldToEventLoop } from './yield-to-event-loop.ts';

/** Work at a stretch, ms: what else the process has to do waits no longer. */
export const SLICE_MS = 4;

/** Lets others have their turn after each slice of work; begins to count when it is made. */
export function timeSlicedYield(now: () => number = () => performance.now()): YieldToEventLoop {
  let endMs = now() + SLICE_MS;
  const pause = async (): Promise<void> => {
    await turn();
    endMs = now() + SLICE_MS;
  };
  return () => (now() < endMs ? undefined : pause());
}
