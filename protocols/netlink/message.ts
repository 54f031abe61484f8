import { NetlinkMalformed } from './errors.ts';

/** Length of `struct nlmsghdr` (include/uapi/linux/netlink.h). */
export const HEADER_BYTES = 16;

/** `NLMSG_*`: types below 16 are those of netlink itself. */
export const CONTROL_TYPE = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

/** `NLM_F_*`. */
export const FLAG = {
  request: 1,
  multi: 2,
  ack: 4,
  echo: 8,
  dumpInterrupted: 0x10,
  dump: 0x300,
  /* Of requests that create. */
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  /* Of acknowledgements. */
  capped: 0x100,
  ackTlvs: 0x200,
} as const;

/** One message. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** What follows the header: a family's own header, then attributes. Shares memory with the datagram. */
  readonly payload: Buffer;
}

/** A message as bytes, in the machine's byte order, padded to 4 bytes. */
export function encodeMessage(message: NetlinkMessage): Buffer {
  const length = HEADER_BYTES + message.payload.length;
  const bytes = Buffer.alloc(aligned(length));
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt16LE(message.type, 4);
  bytes.writeUInt16LE(message.flags, 6);
  bytes.writeUInt32LE(message.sequence, 8);
  message.payload.copy(bytes, HEADER_BYTES);
  return bytes;
}

const NO_BYTES = Buffer.alloc(0);

/** Steps through the messages of a datagram without an object for each. */
export class MessageCursor {
  #bytes: Buffer = NO_BYTES;
  #end = 0;
  #next = 0;
  type = 0;
  flags = 0;
  sequence = 0;
  /** Where the payload begins and ends. */
  from = 0;
  to = 0;

  /** Starts at the beginning of `datagram`. */
  start(datagram: Buffer): void {
    this.#bytes = datagram;
    this.#end = datagram.length;
    this.#next = 0;
  }

  /**
   * Moves to the next message; false at the end.
   *
   * @throws {NetlinkMalformed}
   */
  next(): boolean {
    const at = this.#next;
    const left = this.#end - at;
    // Padding after the last message may be left out.
    if (left <= 0) return false;
    if (left < HEADER_BYTES) throw new NetlinkMalformed(at, 'a message header of 16 bytes');
    const length = this.#bytes.readUInt32LE(at);
    if (length < HEADER_BYTES || length > left) {
      throw new NetlinkMalformed(at, `a length from ${HEADER_BYTES} to ${left}, not ${length}`);
    }
    this.type = this.#bytes.readUInt16LE(at + 4);
    this.flags = this.#bytes.readUInt16LE(at + 6);
    this.sequence = this.#bytes.readUInt32LE(at + 8);
    this.from = at + HEADER_BYTES;
    this.to = at + length;
    this.#next = at + aligned(length);
    return true;
  }

  /** The current message; shares memory with the datagram. */
  message(): NetlinkMessage {
    const { type, flags, sequence } = this;
    return { type, flags, sequence, payload: this.#bytes.subarray(this.from, this.to) };
  }
}

/**
 * The messages of a datagram.
 *
 * @throws {NetlinkMalformed}
 */
export function decodeMessages(datagram: Buffer): NetlinkMessage[] {
  const cursor = new MessageCursor();
  cursor.start(datagram);
  const messages: NetlinkMessage[] = [];
  while (cursor.next()) messages.push(cursor.message());
  return messages;
}

/** Rounded up to `NLMSG_ALIGNTO`. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}
