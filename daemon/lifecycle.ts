import type { MetricsSource } from '../telemetry/prometheus/exposition.ts';
import type { Config } from '../config/config.ts';
import { type ControlService, startControlServer } from '../server/control/control-server.ts';
import type { RecordingSource } from '../server/control/recording-streams.ts';
import type { StatusView } from '../api/status-view.ts';
import type { DaemonView } from '../api/view.ts';
import { liveness } from '../server/http/health.ts';
import { type HttpService, startHttpServer } from '../server/http/http-server.ts';
import type { Log } from '../platform/log.ts';
import { aborted } from '../async/aborted.ts';
import { bounded } from '../async/bounded.ts';
import type { ServiceNotifier } from '../platform/systemd/notify.ts';

/** The loop with all its parts. */
export interface Daemon {
  readonly view: DaemonView;
  readonly metrics: MetricsSource;
  /** What `norikae record` is given; left out: nothing can be recorded. */
  readonly ticks?: RecordingSource;
  /** Resolves when the loop goes round; rejects when it cannot be started or `signal` aborts. */
  start(signal: AbortSignal): Promise<void>;
  /** Ends the loop and withdraws or keeps what is installed, as configured. Called once. */
  stop(): Promise<void>;
}

/** Makes the daemon's parts; nothing is started yet. */
export type CreateDaemon = (config: Config, log: Log) => Promise<Daemon>;

/** What the running daemon is asked to do from outside. */
export interface LifecycleEvents {
  /** Aborts, with the cause as its reason, when the daemon has to end. */
  readonly stop: AbortSignal;
  /** Calls `listener` when the policies have to be read again; returns how to end that. */
  onReload(listener: () => void): () => void;
}

/** What a daemon's life needs. */
export interface LifecycleOptions {
  readonly daemon: Daemon;
  readonly config: Config;
  readonly log: Log;
  readonly notifier: ServiceNotifier;
  readonly events: LifecycleEvents;
  /** Called when everything runs, with the HTTP server's address; returns what ends it. */
  readonly onRunning?: (url: string | undefined) => () => void;
  /** Most time for an orderly end, ms. */
  readonly stopTimeoutMs: number;
}

/** The daemon did not end in time; what is installed is left to its lease. */
export class StopTimeout extends Error {
  override readonly name = 'StopTimeout';
}

/**
 * Runs a daemon from start to end. Doors first (a second daemon is so turned away before it
 * touches the node), then the loop; at the end the loop first, so that the end can be watched.
 *
 * Resolves after an orderly end. Rejects with what kept it from starting, or StopTimeout.
 */
export async function runLifecycle(options: LifecycleOptions): Promise<void> {
  const { daemon, config, log, notifier, events } = options;
  const control = await startControlServer(config.control.path, daemon.view, log, daemon.ticks);
  let http: HttpService | undefined;
  try {
    if (config.http.enabled) http = await startHttpServer(config.http, daemon, log);
    log.info(
      { http: http?.url, control: control.path },
      http === undefined ? 'control socket is open' : `HTTP server is at ${http.url}`,
    );
    await runLoop(options, http?.url);
  } finally {
    await closeDoors(control, http);
    notifier.close();
  }
  log.info({ onExit: config.onExit }, 'ended');

  async function runLoop(options: LifecycleOptions, url: string | undefined): Promise<void> {
    try {
      await daemon.start(events.stop);
      notifier.ready('placing flows');
      const endings = [
        events.onReload(() => {
          http?.reload();
          void reload(options);
        }),
        reportRegularly(options),
        options.onRunning?.(url),
      ];
      await aborted(events.stop);
      for (const end of endings) end?.();
    } catch (error) {
      if (!events.stop.aborted) {
        log.error({ err: error }, 'the daemon could not start');
        await stopInTime(options).catch((second: unknown) =>
          log.error({ err: second }, 'the daemon could not be shut down after the failed start'),
        );
        throw error;
      }
    }
    log.info({ cause: String(events.stop.reason) }, 'ending');
    notifier.stopping();
    await stopInTime(options);
  }
}

/** Reads the policies again; on failure the last good ones stay in force. Never rejects. */
async function reload({ daemon, log, notifier }: LifecycleOptions): Promise<void> {
  notifier.reloading();
  try {
    const result = await daemon.view.reload();
    notifier.ready(
      result.ok ? 'placing flows' : 'reload failed; the last valid policies stay in force',
    );
  } catch (error) {
    log.error({ err: error }, 'the reload failed; the last valid policies stay in force');
    notifier.ready('reload failed; the last valid policies stay in force');
  }
}

/** How often the service manager hears of the daemon when it keeps no watchdog, ms. */
const REPORT_MS = 5_000;

/** Tells the service manager how it goes, and its watchdog (twice a period) that it does. */
function reportRegularly({ daemon, notifier, log }: LifecycleOptions): () => void {
  if (!notifier.listens) return () => {};
  const periodMs = notifier.watchdogMs === undefined ? REPORT_MS : notifier.watchdogMs / 2;
  const timer = setInterval(() => {
    const status = daemon.view.status();
    notifier.status(summary(status));
    const health = liveness(status);
    if (health.ok) notifier.watchdog();
    else log.error({ causes: health.causes }, 'the loop hangs; the watchdog is not notified');
  }, periodMs);
  return () => clearInterval(timer);
}

function summary({ flows, held, tick }: StatusView): string {
  const state = held ? 'held on the vSwitch' : tick.fresh ? 'placing flows' : 'waiting for sources';
  return `${state}: ${flows.offload} offloaded, ${flows.onload} on the vSwitch`;
}

async function stopInTime({ daemon, stopTimeoutMs }: LifecycleOptions): Promise<void> {
  const message = `the daemon did not exit within ${stopTimeoutMs} ms; entries expire with their lease`;
  const late = (): Error => new StopTimeout(message);
  const bounds = { until: [], timeoutMs: stopTimeoutMs, late, abandon: true };
  await bounded(bounds, () => daemon.stop());
}

async function closeDoors(control: ControlService, http: HttpService | undefined): Promise<void> {
  await Promise.all([control.close(), http?.close()]);
}
