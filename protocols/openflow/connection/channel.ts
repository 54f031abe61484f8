import type { Socket } from 'node:net';
import { decode } from '../codec/decode.ts';
import type { Decoded } from '../codec/messages.ts';
import { Framer } from '../wire/framer.ts';
import { SwitchBusy, SwitchDisconnected } from './errors.ts';
import { asError } from '../../../text/error-message.ts';

/** Queued bytes below which more may be produced, so that the switch does not idle. */
const PIPELINE_BYTES = 512 * 1024;

/** Receives messages from a channel. */
export interface ChannelReceiver {
  /** Called per message; an exception ends the channel. */
  message(decoded: Decoded): void;
  /** Called once at the end; without an error when the peer closed the connection. */
  ended(error: Error | undefined): void;
}

/** Bounds of a channel, bytes. */
export interface ChannelLimits {
  /** Maximum number of queued bytes that the switch has not read. */
  readonly queuedBytes: number;
}

/**
 * One connection: messages in, bytes out. Bytes that are not OpenFlow end it, since the next
 * message boundary is unknown. An ended channel cannot be reused.
 */
export class Channel {
  /** Name of the peer, for messages. */
  readonly peer: string;
  readonly #socket: Socket;
  readonly #framer = new Framer();
  readonly #limits: ChannelLimits;
  readonly #closed: Promise<void>;
  #receiver: ChannelReceiver | undefined;
  #failure: Error | undefined;
  #ended = false;

  constructor(peer: string, socket: Socket, limits: ChannelLimits) {
    this.peer = peer;
    this.#socket = socket;
    this.#limits = limits;
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    socket.on('end', () => socket.destroy());
    this.#closed = new Promise((resolve) => {
      if (socket.destroyed) {
        this.#finish();
        resolve();
        return;
      }
      socket.once('close', () => {
        this.#finish();
        resolve();
      });
    });
  }

  /** Bytes received so far. */
  get received(): number {
    return this.#socket.bytesRead;
  }

  /** False once the channel has ended. */
  get usable(): boolean {
    return !this.#ended && !this.#socket.destroyed;
  }

  /** Delivers all messages to `receiver`; call once. */
  listen(receiver: ChannelReceiver): void {
    this.#receiver = receiver;
    if (this.#ended) {
      receiver.ended(this.#failure);
      return;
    }
    this.#socket.on('data', (chunk: Buffer) => this.#received(chunk));
  }

  /**
   * Sends bytes, whole messages.
   *
   * @throws SwitchBusy when the queue is full; SwitchDisconnected
   */
  send(bytes: Uint8Array): void {
    if (!this.usable) throw this.disconnected();
    if (this.#socket.writableLength > this.#limits.queuedBytes) {
      throw new SwitchBusy(this.peer, 'queued bytes', this.#limits.queuedBytes);
    }
    this.#socket.write(bytes);
  }

  /**
   * Resolves when more may be queued: after one turn of the event loop while the queue is short,
   * else when the switch has read it. Rejects when the channel ends.
   */
  drained(signal: AbortSignal): Promise<void> {
    if (this.#socket.writableLength < PIPELINE_BYTES) {
      return new Promise((resolve) => setImmediate(resolve));
    }
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#socket.off('drain', onDrain);
        this.#socket.off('close', onClose);
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const onDrain = (): void => finish(resolve);
      const onClose = (): void => finish(() => reject(this.disconnected()));
      const onAbort = (): void => finish(() => reject(signal.reason));
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      this.#socket.once('drain', onDrain);
      this.#socket.once('close', onClose);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The error for uses after the end. */
  disconnected(): SwitchDisconnected {
    const why = this.#failure?.message ?? 'it was closed';
    return new SwitchDisconnected(this.peer, why, { cause: this.#failure });
  }

  /** Ends the channel; resolves when the socket is closed. */
  close(reason?: Error): Promise<void> {
    this.#failure ??= reason;
    this.#socket.destroy();
    return this.#closed;
  }

  #received(chunk: Buffer): void {
    try {
      for (const bytes of this.#framer.push(chunk)) {
        if (this.#ended) return;
        this.#receiver?.message(decode(bytes));
      }
    } catch (error) {
      this.#failure ??= asError(error);
      this.#socket.destroy();
    }
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#receiver?.ended(this.#failure);
  }
}
