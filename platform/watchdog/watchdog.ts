import { url as inspectorUrl } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import type { Log } from '../log.ts';
import { BLOCKED_EXIT_CODE } from './blocked-exit-code.ts';
import type { MarkPhase } from './phases.ts';
import { SharedState } from './shared-state.ts';
import type { WatchdogData } from './watchdog-data.ts';

/** Default limit, ms. No regular work blocks the event loop for more than some tens of ms. */
const LIMIT_MS = 5_000;
/** Checks within the limit. */
const CHECKS = 10;
/** Memory of the thread, MB. */
const MAX_MEMORY_MB = 64;

/** Options of {@link startWatchdog}. */
export interface WatchdogOptions {
  readonly log: Log;
  /** The log is pretty (true) or JSON; the thread writes its last line itself. */
  readonly pretty: boolean;
  /** The log goes to the journal of systemd; default: false. */
  readonly journal?: boolean;
  /** Period within which a service manager expects notifications, ms; undefined: it expects none. */
  readonly managerMs?: number | undefined;
  /** Time for which the event loop may be blocked, ms; default: 5,000. */
  readonly limitMs?: number;
}

/** A running watchdog. */
export interface Watchdog {
  readonly mark: MarkPhase;
  close(): Promise<void>;
}

/**
 * Starts a thread that ends the process when the event loop is blocked for too long. It then logs the
 * last phase and the JavaScript stack, and exits with {@link BLOCKED_EXIT_CODE}.
 *
 * A stopped process (SIGSTOP) is not blocked: the thread is stopped, too, and counts its own checks.
 */
export function startWatchdog({
  log,
  pretty,
  journal = false,
  managerMs = Number.POSITIVE_INFINITY,
  limitMs = LIMIT_MS,
}: WatchdogOptions): Watchdog {
  const state = new SharedState();
  const mark: MarkPhase = (phase) => state.mark(phase);
  if (inspectorUrl() !== undefined) {
    log.info('no watchdog: a debugger may pause the process');
    return { mark, close: () => Promise.resolve() };
  }
  // Half of it: a service manager that is not notified kills the process without logging the cause.
  const boundMs = Math.min(limitMs, managerMs / 2);
  const periodMs = boundMs / CHECKS;
  const data: WatchdogData = {
    buffer: state.buffer,
    periodMs,
    checks: CHECKS,
    pretty,
    journal,
    exitCode: BLOCKED_EXIT_CODE,
  };
  const file = new URL(`./watchdog-thread${import.meta.url.slice(-3)}`, import.meta.url);
  const worker = new Worker(file, {
    workerData: data,
    // Without NODE_OPTIONS, whose preloaded modules would run in this thread, too.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
  });
  worker.unref();
  worker.on('error', (error) => log.error({ err: error }, 'the watchdog has failed'));
  const timer = setInterval(() => state.beat(), periodMs);
  timer.unref();
  return {
    mark,
    close: async () => {
      clearInterval(timer);
      await worker.terminate();
    },
  };
}
