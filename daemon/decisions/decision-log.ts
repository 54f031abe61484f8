import type { TickReport } from '../../engine/loop/tick-report.ts';
import type { DecisionMetrics } from '../../telemetry/prometheus/decision-metrics.ts';
import type { DecisionsConfig } from '../../config/config.ts';
import type { DecisionQuery } from '../../api/decision-query.ts';
import type { DecisionPage, DecisionRecord } from '../../api/decision-record.ts';
import type { Log } from '../../platform/log.ts';
import { DecisionRecorder, type RulesInForce } from './recorder.ts';
import { DecisionRing } from './ring.ts';
import { RotatingFile } from '../../platform/rotating-file.ts';

/** Most records of one tick: what building them costs is so bounded, too. */
export const MAX_PER_TICK = 1000;

/** What a {@link DecisionLog} needs. */
export interface DecisionLogOptions {
  readonly config: DecisionsConfig;
  readonly log: Log;
  readonly metrics: DecisionMetrics;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
}

/** Every change of placement: the last ones in memory and, when configured, all in a file. */
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
      mostPerTick: MAX_PER_TICK,
      write: (record) => this.#write(record),
      onLost: (records) => this.#count('tick', records),
      wall,
    });
    const { file: path, maxBytes, keep } = config;
    if (path === undefined) return;
    this.#file = new RotatingFile({
      path,
      maxBytes,
      keep,
      onLost: (lines) => this.#count('file', lines),
      onError: (error) => log.error({ err: error, path }, 'decisions cannot be written'),
    });
  }

  /** Takes a tick into account, before its table is read anew. */
  observe(report: TickReport, inForce: RulesInForce): void {
    this.#recorder.observe(report, inForce);
  }

  /** The latest decisions, latest first. */
  page({ flow, limit }: DecisionQuery): DecisionPage {
    const decisions = this.#ring.latest(limit, flow);
    return { kept: this.#ring.size, lost: this.#lost, decisions };
  }

  /** Calls `listener` with every record, within the tick; the returned function ends it. */
  onRecord(listener: (record: DecisionRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when all has been written. */
  async close(): Promise<void> {
    await this.#file?.flush();
  }

  #write(record: DecisionRecord): void {
    this.#metrics.recorded(record.mode);
    this.#ring.add(record);
    this.#file?.write(JSON.stringify(record));
    for (const listener of this.#listeners) listener(record);
  }

  #count(at: 'tick' | 'file', records: number): void {
    this.#lost += records;
    this.#metrics.lost(at, records);
  }
}
