import type { LifecycleEvents } from '../../daemon/lifecycle.ts';
import type { Log } from '../../platform/log.ts';

/** The process's signals and accidents as events of the daemon's life. */
export interface ProcessEvents extends LifecycleEvents {
  /** The error that ended the daemon, when it was one. */
  failure(): unknown;
  dispose(): void;
}

/**
 * Whoever runs us may pass on a signal that we had from the terminal, too, as npm does: within
 * this time, ms, a further one is the same one.
 */
const SAME_SIGNAL_MS = 300;

/**
 * SIGTERM and SIGINT end in order, a second one at once (exit code 128 + its number); SIGHUP
 * reloads; an error nobody caught is logged and ends in order.
 */
export function watchProcess(log: Log, exit: (code: number) => void): ProcessEvents {
  const stop = new AbortController();
  const reloads = new Set<() => void>();
  let failure: unknown;

  let firstMs = Number.POSITIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals, number: number): void => {
    if (stop.signal.aborted) {
      if (performance.now() - firstMs < SAME_SIGNAL_MS) return;
      log.warn({ signal }, 'ending at once; entries end with their lease');
      exit(128 + number);
    } else {
      firstMs = performance.now();
      stop.abort(signal);
    }
  };
  const onReload = (): void => {
    if (reloads.size === 0) log.warn('SIGHUP came too early or too late for a reload');
    for (const listener of reloads) listener();
  };
  const onAccident = (error: unknown): void => {
    log.fatal({ err: error }, 'an error that nobody caught');
    failure ??= error;
    stop.abort('an error that nobody caught');
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGHUP', onReload);
  process.on('uncaughtException', onAccident);
  process.on('unhandledRejection', onAccident);
  return {
    stop: stop.signal,
    onReload: (listener) => {
      reloads.add(listener);
      return () => reloads.delete(listener);
    },
    failure: () => failure,
    dispose: () => {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
      process.off('SIGHUP', onReload);
      process.off('uncaughtException', onAccident);
      process.off('unhandledRejection', onAccident);
    },
  };
}
