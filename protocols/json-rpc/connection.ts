import { connect, type Socket } from 'node:net';
import { JsonFramer } from './framing.ts';
import { asError } from '../../text/error-message.ts';

const READ_BYTES = 256 * 1024;

/** The address to connect to. */
export type SocketAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

/** Why a connection can no longer be used; no error when the other side closed it. */
export interface ConnectionEnd {
  readonly error: Error | undefined;
}

/** Receives messages from a connection. */
export interface Receiver {
  /** Called whenever bytes arrive, before they are parsed. */
  arrived(): void;
  /** One whole JSON object, valid until this returns. */
  message(bytes: Buffer<ArrayBuffer>): void;
  ended(end: ConnectionEnd): void;
}

/**
 * A stream socket that carries JSON objects: sends text and delivers whole messages to one receiver
 * at a time. An ended connection cannot be reused.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #framer: JsonFramer;
  readonly #closed: Promise<void>;
  #receiver: Receiver | undefined;
  #end: ConnectionEnd | undefined;

  private constructor(socket: Socket, framer: JsonFramer, closed: Promise<void>) {
    this.#socket = socket;
    this.#framer = framer;
    this.#closed = closed;
  }

  /**
   * Connects. Rejects with the system's error, or when `signal` aborts first.
   * @param maxMessageBytes largest message accepted
   */
  static open(
    address: SocketAddress,
    maxMessageBytes: number,
    signal: AbortSignal,
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined;
      let failure: Error | undefined;
      const socket = connect({
        ...address,
        onread: {
          // One buffer for every read: the framer copies out of it.
          buffer: Buffer.allocUnsafeSlow(READ_BYTES),
          callback: (length, buffer) => {
            if (connection !== undefined) connection.#receive(buffer.subarray(0, length));
            return true;
          },
        },
      });
      const abort = (): void => {
        socket.destroy();
        reject(asError(signal.reason));
      };
      const closed = new Promise<void>((done) => {
        socket.once('close', () => {
          signal.removeEventListener('abort', abort);
          if (connection !== undefined) connection.#finish({ error: failure });
          done();
        });
      });
      socket.on('error', (error) => {
        failure = error;
        reject(error);
      });
      socket.once('connect', () => {
        signal.removeEventListener('abort', abort);
        connection = new Connection(socket, new JsonFramer(maxMessageBytes), closed);
        resolve(connection);
      });
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** False once the other side, an error or `close` ended it. */
  get usable(): boolean {
    return this.#end === undefined && !this.#socket.destroyed;
  }

  /** Delivers later messages to `receiver`; without one they are dropped. */
  listen(receiver: Receiver | undefined): void {
    this.#receiver = receiver;
    if (this.#end !== undefined) receiver?.ended(this.#end);
  }

  send(text: string): void {
    if (this.usable) this.#socket.write(text);
  }

  /** Ends the connection; resolves when the socket is closed. */
  close(): Promise<void> {
    this.#socket.destroy();
    return this.#closed;
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#receiver?.arrived();
      this.#framer.push(chunk);
      for (;;) {
        const message = this.#framer.next();
        if (message === undefined) return;
        this.#receiver?.message(message);
      }
    } catch (error) {
      this.#finish({ error: asError(error) });
      this.#socket.destroy();
    }
  }

  #finish(end: ConnectionEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#receiver?.ended(end);
  }
}
