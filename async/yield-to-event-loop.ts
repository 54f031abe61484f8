import { setImmediate } from 'node:timers/promises';

/** Yields to timers and I/O when a time slice is used up; undefined: it is not. */
export type YieldToEventLoop = () => Promise<void> | undefined;

/** Rows per chunk of work; their data fits into the CPU's cache. */
export const CHUNK_ROWS = 2048;

/** Length of a time slice, ms: the maximum delay for other work of the process. */
export const SLICE_MS = 4;

/** Options of {@link timeSlicedYield}. */
export interface TimeSlices {
  /** Length of a slice, ms; default {@link SLICE_MS}. */
  readonly sliceMs?: number;
  /** Monotonic clock, ms; default `performance.now`. */
  readonly now?: () => number;
  /** Resolves when the work can continue; by default after one turn of the event loop. */
  readonly pause?: (() => Promise<void>) | undefined;
  /** Once it has aborted, the pause rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Yields to the event loop after each slice of work. The first slice starts now. */
export function timeSlicedYield({
  sliceMs = SLICE_MS,
  now = () => performance.now(),
  pause = () => setImmediate(),
  signal,
}: TimeSlices = {}): YieldToEventLoop {
  let endMs = now() + sliceMs;
  const yieldNow = async (): Promise<void> => {
    await pause();
    signal?.throwIfAborted();
    endMs = now() + sliceMs;
  };
  return () => (now() < endMs ? undefined : yieldNow());
}
