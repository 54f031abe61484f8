import { encodeAttribute, textValue } from '../../../../protocols/netlink/attributes.ts';
import {
  CONTROL_TYPE,
  decodeMessages,
  encodeMessage,
  FLAG,
  type NetlinkMessage,
} from '../../../../protocols/netlink/message.ts';
import type { NetlinkTransport } from '../../../../protocols/netlink/socket.ts';

export type Datagram = Buffer | 'overrun';

/** A socket whose kernel is a function: the datagrams that a written request is answered with. */
export class FakeSocket implements NetlinkTransport {
  readonly #answer: (requests: readonly NetlinkMessage[]) => readonly Datagram[];
  readonly #queue: Datagram[] = [];
  /** Requests by write. */
  readonly written: (readonly NetlinkMessage[])[] = [];
  isInUse = false;
  isClosed = false;

  constructor(answer: (requests: readonly NetlinkMessage[]) => readonly Datagram[]) {
    this.#answer = answer;
  }

  write(message: Buffer): Promise<void> {
    const requests = decodeMessages(message);
    this.written.push(requests);
    this.#queue.push(...this.#answer(requests));
    return Promise.resolve();
  }

  read(): Promise<Datagram | undefined> {
    return Promise.resolve(this.#queue.shift());
  }

  receive(): Datagram | undefined {
    return this.#queue.shift();
  }

  join(): void {
    // Nothing is notified.
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A part of a dump, or an answer. */
export function part(sequence: number, payload: string, flags = FLAG.multi as number): Buffer {
  return encodeMessage({ type: 20, flags, sequence, payload: Buffer.from(payload) });
}

/** The end of a dump. @param errno 0: it succeeded */
export function done(sequence: number, errno = 0): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeInt32LE(-errno, 0);
  return encodeMessage({ type: CONTROL_TYPE.done, flags: FLAG.multi, sequence, payload });
}

/** An acknowledgement. @param errno 0: the request took effect */
export function ack(sequence: number, errno = 0, words = ''): Buffer {
  const error = Buffer.alloc(4);
  error.writeInt32LE(-errno, 0);
  const header = encodeMessage({ type: 16, flags: 0, sequence, payload: Buffer.alloc(0) });
  const tlvs = words === '' ? Buffer.alloc(0) : encodeAttribute(1, textValue(words));
  const flags = FLAG.capped | (words === '' ? 0 : FLAG.ackTlvs);
  const payload = Buffer.concat([error, header, tlvs]);
  return encodeMessage({ type: CONTROL_TYPE.error, flags, sequence, payload });
}
