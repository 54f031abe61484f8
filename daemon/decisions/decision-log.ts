import type { TickReport } from '../../engine/loop/tick-report.ts';
import type { DecisionMetrics } from '../../telemetry/prometheus/decision-metrics.ts';
import type { DecisionsConfig } from '../../config/config.ts';
import type { DecisionQuery } from '../../api/decision-query.ts';
import type { DecisionPage, DecisionRecord } from '../../api/decision-record.ts';
import type { Log } from '../../platform/log.ts';
import { DecisionRecorder, type RulesInForce } from './recorder.ts';
import { DecisionRing } from './ring.ts';
import { RotatingFile } from '../../platform/rotating-file.ts';

/** Maximum records per tick; also bounds the cost of building them. */
export const MAX_PER_TICK = 1000;

/** Options of {@link DecisionLog}. */
export interface DecisionLogOptions {
  readonly config: DecisionsConfig;
  readonly log: Log;
  readonly metrics: DecisionMetrics;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
}

/** Records every change of placement: the latest in memory and, if configured, all in a file. */
export class DecisionLog {
  readonly #ring: DecisionRing;
  readonly #recorder: DecisionRecorder;
  readonly #file: RotatingFile | undefined;
  readonly #metrics: DecisionMetrics;
  readonly #listeners = new Set<(record: DecisionRecord) => void>();
  #lost = 0;

  constructor(options: DecisionLogOptions) {
    const { config, log, metrics, wall } = options;
    this.#metrics = metrics;
    this.#ring = new DecisionRing(config.memory);
    this.#recorder = new DecisionRecorder({
      maxPerTick: MAX_PER_TICK,
      write: (record) => this.#write(record),
      onLost: (records) => this.#countLost('tick', records),
      wall,
    });
    const { file: path, maxBytes, keep } = config;
    if (path === undefined) return;
    this.#file = new RotatingFile({
      path,
      maxBytes,
      keep,
      onLost: (lines) => this.#countLost('file', lines),
      onError: (error) => log.error({ err: error, path }, 'cannot write decisions'),
    });
  }

  /** Records the decisions of a tick. Call it before the next reading changes the tick's table. */
  observe(report: TickReport, inForce: RulesInForce): void {
    this.#recorder.observe(report, inForce);
  }

  /** The latest decisions, latest first. */
  page({ flow, limit }: DecisionQuery): DecisionPage {
    const decisions = this.#ring.latest(limit, flow);
    return { kept: this.#ring.size, lost: this.#lost, decisions };
  }

  /** Calls `listener` with every record, within the tick; the returned function unsubscribes. */
  onRecord(listener: (record: DecisionRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when all records have been written. */
  async close(): Promise<void> {
    await this.#file?.flush();
  }

  #write(record: DecisionRecord): void {
    this.#metrics.countRecord(record.mode);
    this.#ring.add(record);
    this.#file?.write(JSON.stringify(record));
    for (const listener of this.#listeners) listener(record);
  }

  #countLost(at: 'tick' | 'file', records: number): void {
    this.#lost += records;
    this.#metrics.countLost(at, records);
  }
}
