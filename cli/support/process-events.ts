import type { LifecycleEvents } from '../../daemon/lifecycle.ts';
import type { Log } from '../../platform/log.ts';

/** The process's signals and uncaught errors as events for the daemon's lifecycle. */
export interface ProcessEvents extends LifecycleEvents {
  /** The uncaught error that stopped the daemon; undefined: there was none. */
  failure(): unknown;
  dispose(): void;
}

/**
 * Within this time, ms, a further signal counts as the same one: a parent such as npm forwards a
 * signal that the terminal has sent to this process, too.
 */
const SAME_SIGNAL_MS = 300;

/**
 * SIGTERM and SIGINT stop the daemon in order, a second one at once (exit code 128 + its number).
 * SIGHUP reloads. An uncaught error is logged and stops the daemon in order.
 */
export function watchProcess(log: Log, exit: (code: number) => void): ProcessEvents {
  const stop = new AbortController();
  const reloads = new Set<() => void>();
  let failure: unknown;

  let firstMs = Number.POSITIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals, number: number): void => {
    if (stop.signal.aborted) {
      if (performance.now() - firstMs < SAME_SIGNAL_MS) return;
      log.warn({ signal }, 'exiting at once; entries expire with their lease');
      exit(128 + number);
    } else {
      firstMs = performance.now();
      stop.abort(signal);
    }
  };
  const onReload = (): void => {
    if (reloads.size === 0) log.warn('ignored SIGHUP: the daemon is starting or stopping');
    for (const listener of reloads) listener();
  };
  const onUncaught = (error: unknown): void => {
    log.fatal({ err: error }, 'uncaught error');
    failure ??= error;
    stop.abort('uncaught error');
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGHUP', onReload);
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
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
      process.off('uncaughtException', onUncaught);
      process.off('unhandledRejection', onUncaught);
    },
  };
}
