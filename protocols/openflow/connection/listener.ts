import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { SwitchUnreachable } from './errors.ts';
import { formatTarget, type PassiveTarget } from './target.ts';
import { readTlsFiles, type TlsFiles } from './tls.ts';

/**
 * Waits for a switch to connect, as a controller does. One connection is returned at a time; one
 * more may wait, and further ones are closed.
 */
export class Listener {
  readonly #server: Server;
  #waiting: Socket | undefined;
  #taker: ((socket: Socket) => void) | undefined;

  private constructor(server: Server, event: 'connection' | 'secureConnection') {
    this.#server = server;
    server.on(event, (socket: Socket) => this.#onConnection(socket));
    // A client failed during the TLS handshake; its connection was not returned yet.
    server.on('tlsClientError', () => undefined);
  }

  /** Starts to listen. @throws SwitchUnreachable when that is not possible; TlsUnusable */
  static async open(target: PassiveTarget, tls: TlsFiles | undefined): Promise<Listener> {
    const server =
      target.kind === 'pssl'
        ? createTlsServer({
            ...(await readTlsFiles(tls)),
            requestCert: true,
            rejectUnauthorized: true,
            minVersion: 'TLSv1.2',
          })
        : createServer();
    const event = target.kind === 'pssl' ? 'secureConnection' : 'connection';
    const listener = new Listener(server, event);
    await listen(server, target);
    return listener;
  }

  /** The listening port; 0 for a unix socket. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** The next connection; rejects with the signal's reason. One caller at a time. */
  next(signal: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting !== undefined && !waiting.destroyed) {
        resolve(waiting);
        return;
      }
      const abort = (): void => {
        this.#taker = undefined;
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#taker = (socket) => {
        signal.removeEventListener('abort', abort);
        resolve(socket);
      };
    });
  }

  /** Stops listening; returned connections stay open. */
  close(): Promise<void> {
    this.#waiting?.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #onConnection(socket: Socket): void {
    // Until it is returned it has no other error handler.
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    const taker = this.#taker;
    this.#taker = undefined;
    if (taker !== undefined) taker(socket);
    else if (this.#waiting === undefined || this.#waiting.destroyed) this.#waiting = socket;
    else socket.destroy();
  }
}

async function listen(server: Server, target: PassiveTarget): Promise<void> {
  // Remove a socket file that a killed daemon left.
  if (target.kind === 'punix') await rm(target.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new SwitchUnreachable(formatTarget(target), error)));
    server.once('listening', resolve);
    if (target.kind === 'punix') server.listen(target.path);
    else server.listen(target.port, target.host);
  });
  server.on('error', () => undefined);
  if (target.kind === 'punix') await chmod(target.path, 0o600);
}
