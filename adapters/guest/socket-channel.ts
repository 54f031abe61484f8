import { connect, type Socket } from 'node:net';
import { errorMessage } from '../../text/error-message.ts';
import type { ByteChannel, ByteReceiver } from '../../protocols/guest-channel/host/channel.ts';

/** What may wait to be read by a guest, bytes. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;

/** A unix socket that leads to a guest: that of a character device of QEMU, or of a proxy for vsock. */
export class SocketChannel implements ByteChannel {
  readonly #socket: Socket;
  #receiver: ByteReceiver | undefined;
  #why = 'the socket was closed';
  #hasEnded = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#why = errorMessage(error);
    });
    socket.once('close', () => {
      this.#hasEnded = true;
      this.#receiver?.ended(this.#why);
    });
    socket.on('data', (chunk: Buffer) => this.#receiver?.bytes(chunk));
    // Nothing is read before there is a receiver.
    socket.pause();
  }

  /** Connects. Rejects with the system's error, or when `signal` aborts first. */
  static open(path: string, signal: AbortSignal): Promise<SocketChannel> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path, signal });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new SocketChannel(socket));
      });
    });
  }

  listen(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    this.#socket.resume();
    if (this.#hasEnded) receiver.ended(this.#why);
  }

  send(text: string): boolean {
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) return false;
    this.#socket.write(text);
    return true;
  }

  close(): void {
    this.#receiver = undefined;
    this.#socket.destroy();
  }
}
