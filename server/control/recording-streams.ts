import type { ServerResponse } from 'node:http';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import { TickEncoder } from '../../replay/recording/tick-encoder.ts';
import { sendJson, STRICT_HEADERS } from '../core/respond.ts';
import type { Log } from '../../platform/log.ts';

/** Most recordings at a time: each looks at every flow in every tick. */
const MAX_STREAMS = 2;

/** What is recorded of a tick. */
export type RecordedTick = Pick<TickReport, 'tick' | 'plans'>;

/** Whoever tells of each tick: the loop. */
export interface TickReports {
  /** Calls `listener` after every tick; the returned function ends it. */
  onTick(listener: (report: RecordedTick) => void): () => void;
}

/** What recordings are made from. */
export interface RecordingSource {
  readonly reports: TickReports;
  readonly version: string;
  /** Period of the ticks, ms. */
  readonly periodMs: () => number;
}

/**
 * Streams of ticks as Norikae's recording (replay/recording/format.ts), without its end. A reader
 * that is slower than the ticks loses whole ticks, and the recording says how many; no more than
 * one tick is ever kept for it.
 */
export class RecordingStreams {
  readonly #source: RecordingSource;
  readonly #log: Log;
  readonly #open = new Set<ServerResponse>();

  constructor(source: RecordingSource, log: Log) {
    this.#source = source;
    this.#log = log;
  }

  /** Answers with a stream that ends when the reader or the server does. */
  open(response: ServerResponse): void {
    if (this.#open.size >= MAX_STREAMS) {
      sendJson(response, 503, {
        error: `${MAX_STREAMS} recordings are running already; end one of them first`,
      });
      return;
    }
    response.writeHead(200, {
      ...STRICT_HEADERS,
      'content-type': 'application/octet-stream',
    });
    // The reader has its answer before the first tick.
    response.flushHeaders();
    this.#open.add(response);
    const encoder = new TickEncoder();
    let begun = false;
    const unsubscribe = this.#source.reports.onTick((report) => {
      try {
        if (!begun) response.write(this.#start(report, encoder));
        begun = true;
        if (response.writableNeedDrain) {
          encoder.markLost(report.tick);
          return;
        }
        const blocks = encoder.encode(report.tick);
        if (blocks !== undefined) response.write(blocks);
      } catch (error) {
        // Called by the loop, which must not fail for what somebody records.
        this.#log.error({ err: error }, 'a recording failed');
        response.destroy();
      }
    });
    response.once('close', () => {
      unsubscribe();
      this.#open.delete(response);
    });
  }

  /** Ends all streams. */
  close(): void {
    for (const response of this.#open) response.end();
  }

  #start(report: RecordedTick, encoder: TickEncoder): Uint8Array {
    const { version, periodMs } = this.#source;
    const tables = report.plans.map(({ backend, capacity }) => ({
      backend,
      entries: capacity.entries,
    }));
    return encoder.start({
      version,
      startedMs: report.tick.wallMs ?? null,
      periodMs: periodMs(),
      tables,
    });
  }
}
