import { hostname } from 'node:os';
import type { Registry } from 'prom-client';
import type { CollectorView } from '../../api/status-view.ts';
import type { DecisionRecord } from '../../api/decision-record.ts';
import type { CollectorConfig } from '../../config/config.ts';
import type { Log } from '../../platform/log.ts';
import { FileReader, MAX_CERTIFICATE_BYTES } from '../../platform/regular-file.ts';
import {
  readSecretLine,
  SecretFileExposed,
  SecretFileUnusable,
} from '../../platform/secret-file.ts';
import { SinkUnavailable } from '../../telemetry/shipping/errors.ts';
import { JsonCollector } from '../../telemetry/shipping/json-collector.ts';
import { observeWriter } from '../../telemetry/shipping/writer-metrics.ts';
import { BatchWriter } from '../../telemetry/shipping/writer.ts';
import { warnWhenOpen } from '../../config/open-connection.ts';
import { type CollectorLabels, collectorRecord } from './collector-record.ts';

const NAMES = {
  prefix: 'norikae_collector',
  server: 'the collector',
  items: 'decisions',
  resource: 'path',
};

/** Options of {@link DecisionCollector}. */
export interface DecisionCollectorOptions {
  readonly config: CollectorConfig;
  readonly version: string;
  readonly registry: Registry;
  readonly log: Log;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
}

/** Sends every decision to an HTTP server. Never blocks or fails the loop. */
export class DecisionCollector {
  readonly #config: CollectorConfig;
  readonly #labels: CollectorLabels;
  readonly #client: JsonCollector;
  readonly #writer: BatchWriter;
  readonly #reader = new FileReader();

  private constructor(options: DecisionCollectorOptions, ca: string | undefined) {
    const { config, version, registry, log, wall } = options;
    const { url, timeoutMs, queue, batch, retry } = config;
    this.#config = config;
    this.#labels = { ...config.labels, node: config.node ?? hostname(), version };
    this.#client = new JsonCollector({ url, timeoutMs, ca });
    this.#writer = new BatchWriter({
      sink: this.#client,
      prepare: (signal) => this.#prepare(signal),
      queue: { lines: queue.records, bytes: queue.bytes },
      batch: { lines: batch.records, bytes: batch.bytes, waitMs: batch.waitMs },
      retry,
      log,
      names: NAMES,
      wall,
    });
    observeWriter(registry, NAMES, () => this.#writer.state);
    warnWhenOpen(url, 'decisions.collector.url', config.tokenFile !== undefined, log);
  }

  /**
   * Reads the certificate authorities; connects to nothing yet.
   *
   * @throws NotARegularFile, FileReadTimeout, and the system's errors
   */
  static async create(options: DecisionCollectorOptions): Promise<DecisionCollector> {
    const { caFile: path } = options.config;
    if (path === undefined) return new DecisionCollector(options, undefined);
    const ca = await new FileReader().read({ path, maxBytes: MAX_CERTIFICATE_BYTES });
    return new DecisionCollector(options, ca.toString('utf8'));
  }

  add(record: DecisionRecord): void {
    this.#writer.add(collectorRecord(record, this.#labels));
  }

  view(): CollectorView {
    const { state } = this.#writer;
    const { written, queuedLines, dropped, failures, lastSuccessMs, error } = state;
    return {
      url: this.#config.url,
      written,
      queuedDecisions: queuedLines,
      dropped,
      failures: Object.values(failures).reduce((sum, n) => sum + n, 0),
      lastSuccess: lastSuccessMs === undefined ? null : new Date(lastSuccessMs).toISOString(),
      error: error ?? null,
    };
  }

  start(): void {
    this.#writer.start();
  }

  /** Sends queued decisions for at most `stopMs`, then closes. */
  async close(): Promise<void> {
    await this.#writer.close(this.#config.stopMs);
    this.#client.close();
  }

  /** Reads the token, which may have changed. */
  async #prepare(signal: AbortSignal): Promise<void> {
    const { tokenFile: path } = this.#config;
    if (path === undefined) return;
    const setting = 'decisions.collector.tokenFile';
    try {
      this.#client.setToken(await readSecretLine({ path, setting, reader: this.#reader, signal }));
    } catch (error) {
      const known = error instanceof SecretFileExposed || error instanceof SecretFileUnusable;
      if (!known) throw error;
      throw new SinkUnavailable('unauthorized', error.message);
    }
  }
}
