import { SerialQueue } from '../../async/serial-queue.ts';
import { decodeAttributes, textOf } from './attributes.ts';
import { DumpInterrupted, NetlinkRefused, NetlinkUnusable } from './errors.ts';
import {
  aligned,
  CONTROL_TYPE,
  decodeMessages,
  encodeMessage,
  FLAG,
  HEADER_BYTES,
  type NetlinkMessage,
} from './message.ts';
import { NetlinkSocket } from './socket.ts';

/** Attempts of a dump that changes interrupt, before the request fails. */
const MAX_ATTEMPTS = 10;

/** `NLMSGERR_ATTR_MSG`: the kernel's explanation in an extended ACK. */
const EXTACK_MESSAGE = 1;

const ETIMEDOUT = 110;

/**
 * Requests to the kernel on a separate socket, one at a time. The kernel can let a request wait for
 * its network lock (rtnl); the event loop does not wait, see {@link NetlinkSocket}. There is no
 * time-out here, because the kernel cannot be made to abandon a request.
 */
export class NetlinkRequests {
  readonly #socket: NetlinkSocket;
  readonly #serial = new SerialQueue();
  #sequence = 0;

  /** @throws {NetlinkUnusable} */
  constructor(protocol: number) {
    this.#socket = new NetlinkSocket(protocol);
  }

  /**
   * All messages of a dump; a dump that a change interrupted is repeated.
   *
   * @param name of the request, for errors: `RTM_GETQDISC`
   * @param payload the family's header and attributes
   * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link DumpInterrupted}
   */
  dump(name: string, type: number, payload: Buffer): Promise<NetlinkMessage[]> {
    return this.#serial.run(() => this.#dump(name, type, payload));
  }

  /** Closes the socket; a running dump fails. */
  close(): void {
    this.#socket.close();
  }

  async #dump(name: string, type: number, payload: Buffer): Promise<NetlinkMessage[]> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const messages = await this.#dumpOnce(name, type, payload);
      if (messages !== undefined) return messages;
    }
    throw new DumpInterrupted(name, MAX_ATTEMPTS);
  }

  /** Undefined when a change interrupted the dump. */
  async #dumpOnce(
    name: string,
    type: number,
    payload: Buffer,
  ): Promise<NetlinkMessage[] | undefined> {
    const sequence = ++this.#sequence;
    const flags = FLAG.request | FLAG.dump;
    await this.#socket.write(encodeMessage({ type, flags, sequence, payload }));
    const found: NetlinkMessage[] = [];
    let consistent = true;
    for (;;) {
      const datagram = await this.#socket.read();
      if (datagram === undefined) throw new NetlinkUnusable(`dump of ${name}`, ETIMEDOUT);
      if (datagram === 'overrun') return undefined;
      for (const message of decodeMessages(datagram)) {
        // A remaining answer to an earlier, abandoned request.
        if (message.sequence !== sequence) continue;
        if ((message.flags & FLAG.dumpInterrupted) !== 0) consistent = false;
        if (message.type === CONTROL_TYPE.error) throw refusalOf(name, message);
        if (message.type !== CONTROL_TYPE.done) {
          found.push(message);
          continue;
        }
        const errno = message.payload.length < 4 ? 0 : -message.payload.readInt32LE(0);
        if (errno > 0) throw new NetlinkRefused(name, errno, wordsOf(message, 4));
        return consistent ? found : undefined;
      }
    }
  }
}

function refusalOf(name: string, message: NetlinkMessage): NetlinkRefused {
  const errno = -message.payload.readInt32LE(0);
  // The request follows, or only its header when capped.
  const capped = (message.flags & FLAG.capped) !== 0;
  const request = capped ? HEADER_BYTES : aligned(message.payload.readUInt32LE(4));
  return new NetlinkRefused(name, errno, wordsOf(message, 4 + request));
}

function wordsOf({ flags, payload }: NetlinkMessage, at: number): string {
  if ((flags & FLAG.ackTlvs) === 0 || at >= payload.length) return '';
  return textOf(decodeAttributes(payload.subarray(at)).get(EXTACK_MESSAGE)) ?? '';
}
