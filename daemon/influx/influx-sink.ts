import { hostname } from 'node:os';
import type { ConnectionCount } from '../../engine/connections/connection-counts.ts';
import type { Registry } from 'prom-client';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import type { TickAccounts } from '../../telemetry/accounts/tick-accounts.ts';
import { InfluxClient } from '../../telemetry/influx/client.ts';
import { observeWriter } from '../../telemetry/shipping/writer-metrics.ts';
import type { GuestCounts } from '../../telemetry/influx/node-lines.ts';
import { InfluxRecorder } from '../../telemetry/influx/recorder.ts';
import type { QueueBounds } from '../../telemetry/shipping/queue.ts';
import { BatchWriter } from '../../telemetry/shipping/writer.ts';
import type { InfluxConfig } from '../../config/config.ts';
import { warnWhenOpen } from '../../config/open-connection.ts';
import type { InfluxView } from '../../api/status-view.ts';
import type { DecisionRecord } from '../../api/decision-record.ts';
import { FileReader, MAX_CERTIFICATE_BYTES } from '../../platform/regular-file.ts';
import type { Log } from '../../platform/log.ts';
import type { Reload } from '../policies/policy-manager.ts';
import { decisionEvent } from './decision-event.ts';
import { InfluxPreparation } from './preparation.ts';

/** Options of {@link InfluxSink}. */
export interface InfluxSinkOptions {
  readonly config: InfluxConfig;
  readonly registry: Registry;
  readonly log: Log;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
  /** Number of open file descriptors of this process. */
  readonly openDescriptors?: () => number;
  /** Guests now; undefined: there are no channels to guests. */
  readonly guests?: (() => GuestCounts) | undefined;
  /** Connections of the last reading; undefined: only whole megaflows are placed. */
  readonly connections?: (() => readonly ConnectionCount[]) | undefined;
  /** Ports that the meter of connections does not count now; undefined: there is no meter. */
  readonly uncountedPorts?: (() => number) | undefined;
}

const NAMES = {
  prefix: 'norikae_influx',
  server: 'InfluxDB',
  items: 'points',
  resource: 'database or bucket',
};

/** Writes ticks, decisions and policy events to InfluxDB. Never blocks or fails the loop. */
export class InfluxSink {
  readonly #config: InfluxConfig;
  readonly #wall: () => number;
  readonly #client: InfluxClient;
  readonly #writer: BatchWriter;
  readonly #recorder: InfluxRecorder;

  private constructor(options: InfluxSinkOptions, ca: string | undefined) {
    const { config, registry, log, wall, openDescriptors, guests, connections } = options;
    const { uncountedPorts } = options;
    const { url, database, retention, timeoutMs } = config;
    this.#config = config;
    this.#wall = wall;
    this.#client = new InfluxClient({
      url,
      database,
      retentionPolicy: retention?.policy,
      timeoutMs,
      ca,
    });
    const preparation = new InfluxPreparation(config, this.#client, log);
    this.#writer = new BatchWriter({
      sink: this.#client,
      prepare: (signal) => preparation.run(signal),
      queue: boundsOf(config.queue),
      batch: { ...boundsOf(config.batch), waitMs: config.batch.waitMs },
      retry: config.retry,
      log,
      names: NAMES,
      wall,
    });
    this.#recorder = new InfluxRecorder({
      node: config.node ?? hostname(),
      periodMs: config.periodMs,
      topFlows: config.topFlows,
      ...(openDescriptors === undefined ? {} : { openDescriptors }),
      guests,
      connections,
      uncountedPorts,
      write: (line) => this.#writer.add(line),
      wall,
    });
    observeWriter(registry, NAMES, () => this.#writer.state);
    const hasSecret = config.username !== undefined || config.tokenFile !== undefined;
    warnWhenOpen(config.url, 'influx.url', hasSecret, log);
  }

  /**
   * Reads the certificate authorities; connects to nothing yet.
   *
   * @throws NotARegularFile, FileReadTimeout, and the system's errors
   */
  static async create(options: InfluxSinkOptions): Promise<InfluxSink> {
    const { caFile: path } = options.config;
    if (path === undefined) return new InfluxSink(options, undefined);
    const ca = await new FileReader().read({ path, maxBytes: MAX_CERTIFICATE_BYTES });
    return new InfluxSink(options, ca.toString('utf8'));
  }

  /** Writes the points of a tick. Call it before the next tick. */
  observe(report: TickReport, accounts: TickAccounts): void {
    this.#recorder.addTick(report, accounts);
  }

  decision(record: DecisionRecord): void {
    if (this.#config.decisions) this.#recorder.addDecision(decisionEvent(record));
  }

  /** Writes an event for a reading of the policies; `inForce` are the policies after it. */
  reloaded({ result, first }: Reload, { policies }: PolicySet): void {
    const accepted = result === 'in-force';
    const names = policies.map(({ name, revision, mode }) => `${name}@${revision} (${mode})`);
    this.#recorder.addEvent({
      wallMs: this.#wall(),
      kind: first ? 'start' : accepted ? 'policy' : 'policy-refused',
      title: first ? 'the daemon starts' : accepted ? 'policies in force' : `policies: ${result}`,
      text: accepted
        ? names.join(', ')
        : `the last valid policies stay in force: ${names.join(', ')}`,
    });
  }

  view(): InfluxView {
    const { written, queuedLines, queuedBytes, dropped, failures, lastSuccessMs, error } =
      this.#writer.state;
    return {
      url: this.#config.url,
      database: this.#config.database,
      written,
      queuedPoints: queuedLines,
      queuedBytes,
      dropped,
      failures: Object.values(failures).reduce((sum, n) => sum + n, 0),
      lastSuccess: lastSuccessMs === undefined ? null : new Date(lastSuccessMs).toISOString(),
      error: error ?? null,
    };
  }

  start(): void {
    this.#writer.start();
  }

  /** Writes queued points for at most `influx.stopMs`, then closes. */
  async close(): Promise<void> {
    await this.#writer.close(this.#config.stopMs);
    this.#client.close();
  }
}

/** Each point is a line. */
function boundsOf({ points, bytes }: InfluxConfig['queue']): QueueBounds {
  return { lines: points, bytes };
}
