/** Lets timers and I/O have their turn, when it is time to; undefined: there is no need yet. */
export type YieldToEventLoop = () => Promise<void> | undefined;

/** Rows that are worked on together: what is read of them stays in the processor's cache. */
export const CHUNK_ROWS = 2048;
