/** What ends a task early. */
export interface Bounds {
  /** Signals that end it, with their reason. */
  readonly until: readonly AbortSignal[];
  /** Longest time for it, ms; no limit when left out. */
  readonly timeoutMs?: number;
  /** What it is ended with when the time is up. */
  readonly late?: () => Error;
}

/**
 * Runs a task with a signal that aborts with any of its bounds. Settles as the task does: the task
 * has to heed the signal.
 *
 * `AbortSignal.any` keeps something for each signal made of a long-lived one for as long as that
 * lives (Node 20); here nothing is left behind once the task has settled.
 */
export async function bounded<T>(
  { until, timeoutMs, late }: Bounds,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => controller.abort(late?.()), timeoutMs);
  const listening = until.map((signal) => {
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    return { signal, abort };
  });
  try {
    return await task(controller.signal);
  } finally {
    clearTimeout(timer);
    for (const { signal, abort } of listening) signal.removeEventListener('abort', abort);
  }
}
