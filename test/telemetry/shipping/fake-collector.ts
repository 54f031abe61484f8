import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

/** A request to a {@link FakeCollector}. */
export interface CollectorRequest {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Handles a request that has been received completely. */
export type CollectorAnswer = (response: ServerResponse) => void;

/** Answers with a status and a text. */
export function says(
  status: number,
  text = '',
  headers: Record<string, string> = {},
): CollectorAnswer {
  return (response) => {
    response.writeHead(status, headers);
    response.end(text);
  };
}

/** An HTTP server on loopback with scripted answers that unpacks and keeps its requests. */
export class FakeCollector {
  readonly requests: CollectorRequest[] = [];
  /** Answers for the next requests, in order; then 204. */
  readonly next: CollectorAnswer[] = [];
  /** The elements of all arrays that were answered with 204, in order. */
  readonly accepted: unknown[] = [];
  readonly #server: Server;
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('request', (request, response) => void this.#handle(request, response));
  }

  /** @param port 0: any free one */
  static async start(port = 0): Promise<FakeCollector> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    return new FakeCollector(server, address.port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/logs`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: unknown = JSON.parse(gunzipSync(await buffer(request)).toString('utf8'));
    const { method, url: path, headers } = request;
    this.requests.push({ method, path, headers, body });
    response.on('finish', () => {
      if (response.statusCode === 204 && Array.isArray(body)) this.accepted.push(...body);
    });
    (this.next.shift() ?? says(204))(response);
  }
}
