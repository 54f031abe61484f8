import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';

/** Pipelined requests per connection. */
const MAX_PIPELINED = 4;

interface Connection {
  readonly socket: Socket;
  /** Requests that are not answered yet. */
  pending: number;
}

/** Response to a connection that is refused before it has sent a request. */
const REFUSED =
  'HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n';

/**
 * Bounds the number of connections while accepting new ones: at the limit it closes the oldest
 * connection that has sent no request, else the oldest idle one, else the oldest with a pending
 * request. Streams, which are bounded elsewhere, are exempt; if there is nothing else to close, the
 * new connection is refused.
 */
export class ConnectionGuard {
  readonly #maxConnections: number;
  /** By peer: TLS wraps a connection in another socket, which has the same peer. */
  readonly #all = new Map<string, Connection>();
  // Each set is in the order in which its connections entered that state.
  readonly #silent = new Set<string>();
  readonly #idle = new Set<string>();
  readonly #busy = new Set<string>();
  #refusing = false;
  /** Sent to a connection that is refused. */
  #refusal = REFUSED;

  constructor(maxConnections: number) {
    this.#maxConnections = maxConnections;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Starts to guard a server. */
  guard(server: Server | TlsServer): void {
    // A TLS client does not expect text before the handshake.
    if (server instanceof TlsServer) this.#refusal = '';
    server.on('connection', (socket: Socket) => this.#opened(socket));
    // Before the server's own listener, which handles the request.
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#requested(request, response),
    );
  }

  /** Refuses new connections, and closes all except streams and those with a pending request. */
  setRefusing(refusing: boolean): void {
    this.#refusing = refusing;
    if (!refusing) return;
    for (const key of [...this.#silent, ...this.#idle]) this.#close(key);
  }

  /** Exempts the connection of a stream from being closed at the limit. */
  exempt(response: ServerResponse): void {
    const key = response.socket === null ? '' : keyOf(response.socket);
    this.#busy.delete(key);
  }

  #opened(socket: Socket): void {
    if (this.#refusing || (this.#all.size >= this.#maxConnections && !this.#closeOne())) {
      socket.on('error', () => {});
      // Both take effect at once, so the descriptor is free before the next connection is accepted.
      if (this.#refusal !== '') socket.write(this.#refusal);
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    this.#all.set(key, { socket, pending: 0 });
    this.#silent.add(key);
    socket.once('close', () => this.#forget(key));
  }

  /** False when only streams are open. */
  #closeOne(): boolean {
    const [key] = [...firstOf(this.#silent), ...firstOf(this.#idle), ...firstOf(this.#busy)];
    if (key === undefined) return false;
    this.#close(key);
    return true;
  }

  #close(key: string): void {
    const socket = this.#all.get(key)?.socket;
    this.#forget(key);
    socket?.destroy();
  }

  #forget(key: string): void {
    this.#all.delete(key);
    this.#silent.delete(key);
    this.#idle.delete(key);
    this.#busy.delete(key);
  }

  #requested(request: IncomingMessage, response: ServerResponse): void {
    const key = keyOf(request.socket);
    const connection = this.#all.get(key);
    if (connection === undefined) {
      // It was closed at the limit while its request was in flight.
      request.socket.destroy();
      return;
    }
    this.#silent.delete(key);
    this.#idle.delete(key);
    this.#busy.add(key);
    if (++connection.pending > MAX_PIPELINED) {
      connection.socket.destroy();
      return;
    }
    response.once('close', () => {
      if (--connection.pending > 0 || !this.#busy.delete(key)) return;
      this.#idle.add(key);
    });
  }
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function firstOf(keys: ReadonlySet<string>): readonly string[] {
  const { value } = keys.values().next();
  return value === undefined ? [] : [value];
}
