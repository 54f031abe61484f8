import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that a client may send ahead on one connection before it has had their answers. */
const MAX_AHEAD = 4;

/** What a connection is doing. */
interface Connection {
  readonly socket: Socket;
  /** Requests whose answers are not on their way yet. */
  pending: number;
  lasting: boolean;
}

/**
 * Keeps the number of connections bounded in a way that newcomers always get in: when all places
 * are taken the one goes that is missed least. That is the oldest that has never asked anything,
 * else the oldest that has had its answers, else the oldest that still has one coming. Streams,
 * which are bounded elsewhere, stay.
 */
export class ConnectionGuard {
  readonly #most: number;
  /** By peer: TLS wraps a connection in a socket of its own, which has the same peer. */
  readonly #all = new Map<string, Connection>();
  /** In order of since when they are so. */
  readonly #silent = new Set<string>();
  readonly #idle = new Set<string>();
  readonly #busy = new Set<string>();

  /** `most`: connections at a time. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Begins to guard a server. */
  guard(server: Server): void {
    server.on('connection', (socket: Socket) => this.#opened(socket));
    // Before the server's own listener, which answers.
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#asked(request, response),
    );
  }

  /** Marks the connection of an answer that goes on and on: it does not have to make room. */
  keep(response: ServerResponse): void {
    const key = response.socket === null ? '' : keyOf(response.socket);
    const connection = this.#all.get(key);
    if (connection === undefined) return;
    connection.lasting = true;
    this.#busy.delete(key);
  }

  #opened(socket: Socket): void {
    if (this.#all.size >= this.#most) this.#makeRoom();
    const key = keyOf(socket);
    this.#all.set(key, { socket, pending: 0, lasting: false });
    this.#silent.add(key);
    socket.once('close', () => this.#forget(key));
  }

  #makeRoom(): void {
    const [key] = [...firstOf(this.#silent), ...firstOf(this.#idle), ...firstOf(this.#busy)];
    if (key === undefined) return;
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

  #asked(request: IncomingMessage, response: ServerResponse): void {
    const key = keyOf(request.socket);
    const connection = this.#all.get(key);
    if (connection === undefined) {
      // It had to make room while its request was on the way.
      request.socket.destroy();
      return;
    }
    this.#silent.delete(key);
    this.#idle.delete(key);
    this.#busy.add(key);
    if (++connection.pending > MAX_AHEAD) {
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
