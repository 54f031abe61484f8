import type { Socket } from 'node:net';
import { decode } from '../codec/decode.ts';
import type { Decoded } from '../codec/messages.ts';
import { Framer } from '../wire/framer.ts';
import { SwitchBusy, SwitchDisconnected } from './errors.ts';
import { asError } from '../../../text/error-message.ts';

/** Bytes that may wait while more is made: so the switch is not idle meanwhile. */
const PIPELINE_BYTES = 512 * 1024;

/** Takes what a channel receives. */
export interface ChannelReceiver {
  /** One message. What it throws ends the channel. */
  message(decoded: Decoded): void;
  /** Called once; without an error when the other side closed it. */
  ended(error: Error | undefined): void;
}

/** Bounds of a channel, bytes. */
export interface ChannelLimits {
  /** Most bytes that may wait in our memory for the switch to read them. */
  readonly queuedBytes: number;
}

/**
 * One connection: messages in, bytes out. A message that is not OpenFlow ends it, since nobody
 * knows where the next message begins. A channel that ended stays ended.
 */
export class Channel {
  /** Who is at the other end, for messages. */
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

  /** Bytes that were received so far. */
  get received(): number {
    return this.#socket.bytesRead;
  }

  /** False once it has ended. */
  get usable(): boolean {
    return !this.#ended && !this.#socket.destroyed;
  }

  /** From now on everything goes to `receiver`; call it once. */
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
   * @throws SwitchBusy when too much waits already; SwitchDisconnected
   */
  send(bytes: Uint8Array): void {
    if (!this.usable) throw this.disconnected();
    if (this.#socket.writableLength > this.#limits.queuedBytes) {
      throw new SwitchBusy(this.peer, 'bytes waiting to be sent', this.#limits.queuedBytes);
    }
    this.#socket.write(bytes);
  }

  /**
   * Resolves when there is room for more: at once (after the system had its turn to send) while
   * little waits, else when the switch has read it; rejects when it never will.
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

  /** What to tell who wanted to use it after its end. */
  disconnected(): SwitchDisconnected {
    const why = this.#failure?.message ?? 'it was closed';
    return new SwitchDisconnected(this.peer, why, { cause: this.#failure });
  }

  /** Ends it, for a reason; resolves when the socket is closed. */
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
