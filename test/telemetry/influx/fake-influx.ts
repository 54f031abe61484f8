import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A request to a {@link FakeInflux}. */
export interface InfluxRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Handles a request that has been received completely. */
export type Answer = (response: ServerResponse, request: InfluxRequest, socket: Socket) => void;

/** Answers with a status and, if there is one, an error in InfluxDB's form. */
export function says(status: number, error?: string, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(error === undefined ? undefined : JSON.stringify({ error }));
  };
}

/** Answers after a delay, ms. */
export function after(ms: number, answer: Answer): Answer {
  return (...args) => {
    setTimeout(() => answer(...args), ms);
  };
}

/** Never answers. */
export const hangs: Answer = () => undefined;

/** Resets the connection. */
export const resets: Answer = (_response, _request, socket) => {
  socket.resetAndDestroy();
};

/** Starts to answer, then breaks the connection. */
export const breaksOff: Answer = (response, _request, socket) => {
  response.writeHead(200, { 'content-length': '10' });
  response.flushHeaders();
  setTimeout(() => socket.destroy(), 10);
};

/** Sends an endless answer, one byte at a time. */
export const drips: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 10);
  response.on('close', () => clearInterval(timer));
};

/** An HTTP server on loopback with scripted answers that records its requests. */
export class FakeInflux {
  readonly url: string;
  readonly requests: InfluxRequest[] = [];
  /** Lines of the requests answered with 204, in order. */
  readonly written: string[] = [];
  /** Answers for the next requests, in order; then `answer`. */
  readonly next: Answer[] = [];
  answer: Answer = says(204);
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
    server.on('request', (request, response) => void this.#handle(request, response));
  }

  static async start(): Promise<FakeInflux> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    return new FakeInflux(server, address.port);
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    try {
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
    } catch {
      return;
    }
    const url = new URL(request.url ?? '/', this.url);
    const received: InfluxRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization,
      body,
    };
    this.requests.push(received);
    const answer = this.next.shift() ?? this.answer;
    response.on('finish', () => {
      if (response.statusCode === 204) this.written.push(...body.split('\n'));
    });
    answer(response, received, request.socket);
  }
}
