import type { ByteChannel, ByteReceiver } from '../../../protocols/guest-channel/host/channel.ts';

/** The guest's end of a channel in memory. */
export interface GuestEnd {
  /** Sends bytes to the host, in this turn of the event loop. */
  send(text: string | Uint8Array): void;
  /** Called with each text that the host sends, in a later microtask. */
  onText: (text: string) => void;
  /** Ends the channel, as a machine that powers off does. */
  hangUp(): void;
}

/** A channel in memory: the host's end as a {@link ByteChannel}, and the guest's end. */
export class MemoryPair implements ByteChannel {
  readonly guest: GuestEnd = {
    send: (text) => this.#receiver?.bytes(typeof text === 'string' ? Buffer.from(text) : text),
    onText: () => {},
    hangUp: () => {
      const receiver = this.#receiver;
      this.#receiver = undefined;
      receiver?.ended('the guest is gone');
    },
  };
  /** False: the guest reads nothing, so that sending fails. */
  guestReads = true;
  #receiver: ByteReceiver | undefined;
  #isClosed = false;

  /** True once the host has closed it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Opens it, also again after it was closed: the guest's agent lives on. */
  listen(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    this.#isClosed = false;
  }

  send(text: string): boolean {
    if (!this.guestReads) return false;
    queueMicrotask(() => {
      if (!this.#isClosed) this.guest.onText(text);
    });
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#receiver = undefined;
  }
}
