/** What ends a task early. */
export type Bounds = Ends & (TimeLimit | { readonly timeoutMs?: never; readonly late?: never });

interface Ends {
  /** Signals that end it, with their reason. */
  readonly until: readonly AbortSignal[];
  /**
   * Gives the task up at a bound, for a task that may ignore its signal; what becomes of it after
   * that is ignored. Otherwise the task has to heed the signal, and is waited for.
   */
  readonly abandon?: boolean;
}

interface TimeLimit {
  /** Longest time for it, ms. */
  readonly timeoutMs: number;
  /** What it is ended with when the time is up. */
  readonly late: () => Error;
}

/**
 * Runs a task with a signal that aborts with any of its bounds, and settles as the task does. A task
 * whose signals have aborted already is not begun.
 *
 * `AbortSignal.any` keeps something for each signal made of a long-lived one for as long as that
 * lives (Node 20); here nothing is left behind once the task has settled.
 */
export async function bounded<T>(
  { until, timeoutMs, late, abandon = false }: Bounds,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (const signal of until) signal.throwIfAborted();
  const controller = new AbortController();
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => controller.abort(late()), timeoutMs);
  const listening = until.map((signal) => {
    const abort = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    return { signal, abort };
  });
  try {
    const { signal } = controller;
    return await (abandon ? Promise.race([task(signal), rejection(signal)]) : task(signal));
  } finally {
    clearTimeout(timer);
    for (const { signal, abort } of listening) signal.removeEventListener('abort', abort);
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
