import type { MetricsSource } from '../telemetry/prometheus/exposition.ts';
import type { Config } from '../config/config.ts';
import { type ControlService, startControlServer } from '../server/control/control-server.ts';
import type { RecordingSource } from '../server/control/recording-streams.ts';
import type { StatusView } from '../api/status-view.ts';
import type { DaemonView } from '../api/view.ts';
import { liveness } from '../server/http/health.ts';
import { type HttpService, startHttpServer } from '../server/http/http-server.ts';
import type { Log } from '../platform/log.ts';
import { type MarkPhase, markNothing } from '../platform/watchdog/phases.ts';
import { aborted } from '../async/aborted.ts';
import { bounded } from '../async/bounded.ts';
import { DescriptorReserve } from '../platform/descriptor-reserve.ts';
import type { ServiceNotifier } from '../platform/systemd/notify.ts';

/** The loop, its views and its sinks. */
export interface Daemon {
  readonly view: DaemonView;
  readonly metrics: MetricsSource;
  /** Source of recordings; undefined: `norikae record` is not available. */
  readonly ticks?: RecordingSource;
  /** Takes the address of the HTTP server, for the status. */
  servesPageAt?(url: string): void;
  /** Resolves when the loop runs; rejects when it cannot be started or `signal` aborts. */
  start(signal: AbortSignal): Promise<void>;
  /** Stops the loop and withdraws or keeps the entries, as configured. Called once. */
  stop(): Promise<void>;
}

/** Creates the daemon without starting it. */
export type CreateDaemon = (config: Config, log: Log, mark: MarkPhase) => Promise<Daemon>;

/** Requests from outside to the running daemon. */
export interface LifecycleEvents {
  /** Aborts, with the cause as its reason, when the daemon has to stop. */
  readonly stop: AbortSignal;
  /** Calls `listener` when a reload is requested; the returned function unsubscribes. */
  onReload(listener: () => void): () => void;
}

/** Options of {@link runLifecycle}. */
export interface LifecycleOptions {
  readonly daemon: Daemon;
  readonly config: Config;
  readonly log: Log;
  readonly notifier: ServiceNotifier;
  readonly events: LifecycleEvents;
  /** Marks what the daemon does, for the watchdog. */
  readonly mark?: MarkPhase;
  /** Called when everything runs, with the HTTP server's URL; returns a function to call at the stop. */
  readonly onRunning?: (url: string | undefined) => () => void;
  /** Maximum time for an orderly stop, ms. */
  readonly stopTimeoutMs: number;
}

/** The daemon did not stop in time; its entries expire with their lease. */
export class StopTimeout extends Error {
  override readonly name = 'StopTimeout';
}

/**
 * Runs a daemon until it is stopped. Starts the servers before the loop, so that a second daemon
 * fails on the control socket before it touches the node. Closes them after the loop, so that the
 * stop can be observed.
 *
 * Resolves after an orderly stop. Rejects with the error of a failed start, or StopTimeout.
 */
export async function runLifecycle(options: LifecycleOptions): Promise<void> {
  const { daemon, config, log, notifier, events, mark = markNothing } = options;
  const { view, metrics, ticks } = daemon;
  const control = await startControlServer(config.control.path, view, log, ticks, mark);
  let http: HttpService | undefined;
  let reserve: DescriptorReserve | undefined;
  // HTTP clients give way, so that the released descriptors serve the control socket.
  const onChange = (short: boolean): void => http?.setRefusing(short);
  try {
    reserve = await DescriptorReserve.start({ log, onChange });
    if (config.http.enabled) {
      http = await startHttpServer(config.http, { view, metrics, mark }, log);
      daemon.servesPageAt?.(http.url);
    }
    log.info(
      { http: http?.url, control: control.path },
      http === undefined ? 'control socket is open' : `HTTP server is at ${http.url}`,
    );
    await runLoop(options, http?.url);
  } finally {
    await closeServers(control, http);
    await reserve?.close();
    notifier.close();
  }
  log.info({ onExit: config.onExit }, 'stopped');

  async function runLoop(options: LifecycleOptions, url: string | undefined): Promise<void> {
    try {
      await daemon.start(events.stop);
      notifier.ready('placing flows');
      const stopHandlers = [
        events.onReload(() => {
          void http?.reload();
          void reload(options);
        }),
        notifyPeriodically(options),
        options.onRunning?.(url),
      ];
      await aborted(events.stop);
      for (const stop of stopHandlers) stop?.();
    } catch (error) {
      if (!events.stop.aborted) {
        log.error({ err: error }, 'the daemon could not start');
        await stopInTime(options).catch((second: unknown) =>
          log.error({ err: second }, 'the daemon could not be shut down after the failed start'),
        );
        throw error;
      }
    }
    mark('stopping');
    log.info({ cause: String(events.stop.reason) }, 'stopping');
    notifier.stopping();
    await stopInTime(options);
  }
}

/** Reloads the policies; on failure the last valid ones stay in force. Never rejects. */
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

/** Period of status notifications without a watchdog, ms. */
const STATUS_PERIOD_MS = 5_000;

/** Sends status, and while the loop runs watchdog notifications twice per watchdog period. */
function notifyPeriodically({ daemon, notifier, log }: LifecycleOptions): () => void {
  if (!notifier.listens) return () => {};
  const periodMs = notifier.watchdogMs === undefined ? STATUS_PERIOD_MS : notifier.watchdogMs / 2;
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

async function closeServers(control: ControlService, http: HttpService | undefined): Promise<void> {
  await Promise.all([control.close(), http?.close()]);
}
