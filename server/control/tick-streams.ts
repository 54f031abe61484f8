import type { ServerResponse } from 'node:http';
import { sendJson } from '../core/respond.ts';
import type { Log } from '../../platform/log.ts';
import type { FlowQuery } from '../../api/flow-views.ts';
import type { DaemonView } from '../../api/view.ts';

/** Most streams at a time. */
const MAX_STREAMS = 8;

/**
 * Streams of ticks as NDJSON: after every tick one line with status and flows. A reader that is
 * slower than the ticks loses ticks: nothing is made for it while its last line is on the way.
 */
export class TickStreams {
  readonly #view: DaemonView;
  readonly #log: Log;
  readonly #open = new Set<ServerResponse>();

  constructor(view: DaemonView, log: Log) {
    this.#view = view;
    this.#log = log;
  }

  /** Answers with a stream that ends when the reader or the server does. */
  open(query: FlowQuery, response: ServerResponse): void {
    if (this.#open.size >= MAX_STREAMS) {
      sendJson(response, 503, { error: `${MAX_STREAMS} streams are open already` });
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
    });
    this.#open.add(response);
    let making = false;
    const line = async (): Promise<void> => {
      if (making || response.writableNeedDrain) return;
      making = true;
      try {
        const page = await this.#view.flows(query);
        if (response.writableEnded || response.destroyed) return;
        const tick = { status: this.#view.status(), page };
        response.write(`${JSON.stringify(tick)}\n`);
      } catch (error) {
        this.#log.error({ err: error }, 'a stream of ticks failed');
        response.destroy();
      } finally {
        making = false;
      }
    };
    const unsubscribe = this.#view.onTick(() => void line());
    response.once('close', () => {
      unsubscribe();
      this.#open.delete(response);
    });
    void line();
  }

  close(): void {
    for (const response of this.#open) response.end();
  }
}
