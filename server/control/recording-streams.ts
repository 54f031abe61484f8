import type { ServerResponse } from 'node:http';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import { TickEncoder } from '../../replay/recording/tick-encoder.ts';
import { sendJson, STRICT_HEADERS } from '../core/respond.ts';
import type { Log } from '../../platform/log.ts';

/** Concurrent recordings. Each reads every flow in every tick. */
const MAX_STREAMS = 2;

/** The part of a tick report that a recording contains. */
export type RecordedTick = Pick<TickReport, 'tick' | 'plans'>;

/** Publishes a report of each tick; the loop implements it. */
export interface TickReports {
  /** Calls `listener` after every tick; the returned function unsubscribes. */
  onTick(listener: (report: RecordedTick) => void): () => void;
}

/** The data of a recording. */
export interface RecordingSource {
  readonly reports: TickReports;
  readonly version: string;
  /** Tick period, ms. */
  readonly periodMs: () => number;
}

/**
 * Streams ticks in the recording format (replay/recording/format.ts), without its end block. A
 * reader that is slower than the ticks loses whole ticks, which the recording counts. At most one
 * tick per reader is buffered.
 */
export class RecordingStreams {
  readonly #source: RecordingSource;
  readonly #log: Log;
  readonly #open = new Set<ServerResponse>();

  constructor(source: RecordingSource, log: Log) {
    this.#source = source;
    this.#log = log;
  }

  /** Responds with a stream that ends when the reader disconnects or the server closes. */
  open(response: ServerResponse): void {
    if (this.#open.size >= MAX_STREAMS) {
      sendJson(response, 503, {
        error: `${MAX_STREAMS} recordings are already running; end one of them first`,
      });
      return;
    }
    response.writeHead(200, {
      ...STRICT_HEADERS,
      'content-type': 'application/octet-stream',
    });
    // Sends the headers before the first tick.
    response.flushHeaders();
    this.#open.add(response);
    const encoder = new TickEncoder();
    let started = false;
    const unsubscribe = this.#source.reports.onTick((report) => {
      try {
        if (!started) response.write(this.#startBlock(report, encoder));
        started = true;
        if (response.writableNeedDrain) {
          encoder.markLost(report.tick);
          return;
        }
        const blocks = encoder.encode(report.tick);
        if (blocks !== undefined) response.write(blocks);
      } catch (error) {
        // A failing recording must not stop the loop, which calls this.
        this.#log.error({ err: error }, 'a recording failed');
        response.destroy();
      }
    });
    response.once('close', () => {
      unsubscribe();
      encoder[Symbol.dispose]();
      this.#open.delete(response);
    });
  }

  /** Ends all streams. */
  close(): void {
    for (const response of this.#open) response.end();
  }

  #startBlock(report: RecordedTick, encoder: TickEncoder): Uint8Array {
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
