/** Receives what arrives through a {@link ByteChannel}. */
export interface ByteReceiver {
  /** The bytes are valid until this returns. */
  bytes(chunk: Uint8Array): void;
  /** Called once; nothing arrives afterwards. */
  ended(why: string): void;
}

/** A connection to a guest that carries bytes in both directions, in order. */
export interface ByteChannel {
  /** Calls `receiver` from now on; one receiver at a time. */
  listen(receiver: ByteReceiver): void;
  /** Queues a text; false when more than the channel's bound waits to be read by the guest. */
  send(text: string): boolean;
  /** Ends the connection; `ended` is not called any more. */
  close(): void;
}
