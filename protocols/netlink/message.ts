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
  dumpInterrupted: 0x10,
  capped: 0x100,
  ackTlvs: 0x200,
  dump: 0x300,
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

/**
 * The messages of a datagram.
 *
 * @throws {NetlinkMalformed}
 */
export function decodeMessages(datagram: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < datagram.length; ) {
    const left = datagram.length - at;
    if (left < HEADER_BYTES) throw new NetlinkMalformed(at, 'a message header of 16 bytes');
    const length = datagram.readUInt32LE(at);
    if (length < HEADER_BYTES || length > left) {
      throw new NetlinkMalformed(at, `a length from ${HEADER_BYTES} to ${left}, not ${length}`);
    }
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      payload: datagram.subarray(at + HEADER_BYTES, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** Rounded up to `NLMSG_ALIGNTO`. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}
