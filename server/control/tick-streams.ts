import type { ServerResponse } from 'node:http';
import { sendJson } from '../core/respond.ts';
import type { Log } from '../../platform/log.ts';
import type { FlowQuery } from '../../api/flow-views.ts';
import type { DaemonView } from '../../api/view.ts';

/** Concurrent streams. */
const MAX_STREAMS = 8;

/**
 * Streams ticks as NDJSON: one line with status and flows after every tick. A reader that is slower
 * than the ticks loses ticks: no line is built for it while its last one is in flight.
 */
export class TickStreams {
  readonly #view: DaemonView;
  readonly #log: Log;
  readonly #open = new Set<ServerResponse>();

  constructor(view: DaemonView, log: Log) {
    this.#view = view;
    this.#log = log;
  }

  /** Responds with a stream that ends when the reader disconnects or the server closes. */
  open(query: FlowQuery, response: ServerResponse): void {
    if (this.#open.size >= MAX_STREAMS) {
      sendJson(response, 503, { error: `${MAX_STREAMS} streams are already open` });
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
    });
    this.#open.add(response);
    let building = false;
    const sendLine = async (): Promise<void> => {
      if (building || response.writableNeedDrain) return;
      building = true;
      try {
        const page = await this.#view.flows(query);
        if (response.writableEnded || response.destroyed) return;
        const tick = { status: this.#view.status(), page };
        response.write(`${JSON.stringify(tick)}\n`);
      } catch (error) {
        this.#log.error({ err: error }, 'a stream of ticks failed');
        response.destroy();
      } finally {
        building = false;
      }
    };
    const unsubscribe = this.#view.onTick(() => void sendLine());
    response.once('close', () => {
      unsubscribe();
      this.#open.delete(response);
    });
    void sendLine();
  }

  close(): void {
    for (const response of this.#open) response.end();
  }
}
