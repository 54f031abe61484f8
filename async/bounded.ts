/** Conditions that end a task early. */
export type Bounds = Ends & (TimeLimit | { readonly timeoutMs?: never; readonly late?: never });

interface Ends {
  /** Signals that end the task with their reason. */
  readonly until: readonly AbortSignal[];
  /**
   * True: rejects at a bound even if the task ignores its signal; its later result is ignored.
   * Otherwise the task must react to the signal, and is awaited.
   */
  readonly abandon?: boolean;
}

interface TimeLimit {
  /** Maximum time for the task, ms. */
  readonly timeoutMs: number;
  /** Creates the error for a task that exceeds its time. */
  readonly late: () => Error;
}

/**
 * Runs a task with a signal that aborts at any of the bounds, and settles like the task. Does not
 * start a task if a signal has already aborted.
 *
 * `AbortSignal.any` leaks memory per derived signal as long as a source signal lives (Node 20); here
 * nothing is left after the task has settled.
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
