import type { ServerResponse } from 'node:http';
import { sendJson } from '../http/respond.ts';
import type { Log } from '../log.ts';
import type { DaemonView, FlowQuery } from './view.ts';

/** Most streams at a time. */
const MOST_STREAMS = 8;

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
    if (this.#open.size >= MOST_STREAMS) {
      sendJson(response, 503, { error: `${MOST_STREAMS} streams are open already` });
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
    });
    this.#open.add(response);
    const line = (): void => {
      if (response.writableNeedDrain) return;
      try {
        const tick = { status: this.#view.status(), page: this.#view.flows(query) };
        response.write(`${JSON.stringify(tick)}\n`);
      } catch (error) {
        // Called by the loop, which must not fail for what somebody looks at.
        this.#log.error({ err: error }, 'a stream of ticks failed');
        response.destroy();
      }
    };
    const unsubscribe = this.#view.onTick(line);
    response.once('close', () => {
      unsubscribe();
      this.#open.delete(response);
    });
    line();
  }

  close(): void {
    for (const response of this.#open) response.end();
  }
}
