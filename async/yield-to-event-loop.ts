import { setImmediate } from 'node:timers/promises';

/** Lets timers and I/O have their turn, when it is time to; undefined: there is no need yet. */
export type YieldToEventLoop = () => Promise<void> | undefined;

/** Rows that are worked on together: what is read of them stays in the processor's cache. */
export const CHUNK_ROWS = 2048;

/** Work at a stretch that nobody notices, ms: what else the process has to do waits no longer. */
export const SLICE_MS = 4;

/** How work is divided into slices. */
export interface TimeSlices {
  /** Length of a slice, ms; {@link SLICE_MS} when left out. */
  readonly sliceMs?: number;
  /** Monotonic, ms; the process's own when left out. */
  readonly now?: () => number;
  /** Resolves when others had their turn; after one turn of the event loop when left out. */
  readonly pause?: (() => Promise<void>) | undefined;
  /** Ends the work: once it is aborted, the pause rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Lets others have their turn after each slice of work. The first slice begins now. */
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
