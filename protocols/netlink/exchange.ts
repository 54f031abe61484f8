import { constants } from 'node:os';
import { acknowledgementOf, refusalOf } from './acknowledgement.ts';
import { type NetlinkRefused, NetlinkUnusable } from './errors.ts';
import {
  CONTROL_TYPE,
  decodeMessages,
  encodeMessage,
  FLAG,
  MessageCursor,
  type NetlinkMessage,
} from './message.ts';
import type { NetlinkTransport } from './socket.ts';

const { EAGAIN, ENOBUFS } = constants.errno;

/** A request for one answer, not for a dump. */
export interface NetlinkRequest {
  /** For errors: `RTM_NEWTFILTER`. */
  readonly name: string;
  readonly type: number;
  /** {@link FLAG} besides `request` and `ack`. */
  readonly flags?: number;
  /** The family's header and attributes. */
  readonly payload: Buffer;
}

/** The answers to a request, without the acknowledgement; or why it was refused. */
export type NetlinkAnswer = readonly NetlinkMessage[] | NetlinkRefused;

/** Receives a dump message by message, without a copy. */
export interface DumpReader {
  /** A dump begins; what an interrupted one delivered before does not count. */
  begin(): void;
  /** The payload `[from, to)` of a message; the buffer is reused after the call. */
  message(datagram: Buffer, from: number, to: number, type: number): void;
}

/**
 * Requests a dump and reads it to its end. False when a change interrupted it, or messages were lost:
 * then it must be repeated.
 *
 * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link NetlinkMalformed}
 */
export async function dumpOnce(
  socket: NetlinkTransport,
  stop: AbortSignal,
  { name, type, payload }: NetlinkRequest,
  sequence: number,
  reader: DumpReader,
): Promise<boolean> {
  const flags = FLAG.request | FLAG.dump;
  await socket.write(encodeMessage({ type, flags, sequence, payload }));
  const cursor = new MessageCursor();
  let consistent = true;
  let lost = false;
  for (;;) {
    stop.throwIfAborted();
    const datagram = await socket.read();
    stop.throwIfAborted();
    if (datagram === undefined) {
      if (lost) return false;
      throw new NetlinkUnusable(`dump of ${name}`, EAGAIN);
    }
    // The dump is read to its end, if that is not lost too, so that the next one can begin.
    if (datagram === 'overrun') {
      lost = true;
      continue;
    }
    cursor.start(datagram);
    while (cursor.next()) {
      // A remaining answer to an earlier request.
      if (cursor.sequence !== sequence) continue;
      if ((cursor.flags & FLAG.dumpInterrupted) !== 0) consistent = false;
      if (cursor.type === CONTROL_TYPE.error) throw refusalOf(name, cursor.message());
      if (cursor.type !== CONTROL_TYPE.done) {
        reader.message(datagram, cursor.from, cursor.to, cursor.type);
        continue;
      }
      const refusal = acknowledgementOf(name, cursor.message());
      if (refusal !== undefined) throw refusal;
      return consistent && !lost;
    }
  }
}

/**
 * Sends requests at once, and collects their answers in the order of the requests.
 *
 * @param first sequence number of the first request; the others follow
 * @throws {NetlinkUnusable} when an answer is missing; {@link NetlinkMalformed}
 */
export async function sendBatch(
  socket: NetlinkTransport,
  requests: readonly NetlinkRequest[],
  first: number,
): Promise<NetlinkAnswer[]> {
  const messages = requests.map(({ type, flags = 0, payload }, i) =>
    encodeMessage({
      type,
      flags: flags | FLAG.request | FLAG.ack,
      sequence: first + i,
      payload,
    }),
  );
  await socket.write(Buffer.concat(messages));
  const answers = requests.map((): NetlinkMessage[] => []);
  const results = requests.map((): NetlinkAnswer | undefined => undefined);
  for (let missing = requests.length; missing > 0; ) {
    // All answers are queued when the write has returned; without a dump, reading does not wait.
    const datagram = socket.receive();
    if (datagram === undefined) throw new NetlinkUnusable(`answer to ${requests[0].name}`, EAGAIN);
    if (datagram === 'overrun') throw new NetlinkUnusable('recv', ENOBUFS);
    for (const message of decodeMessages(datagram)) {
      const at = message.sequence - first;
      if (at < 0 || at >= requests.length || results[at] !== undefined) continue;
      if (message.type === CONTROL_TYPE.error) {
        results[at] = acknowledgementOf(requests[at].name, message) ?? answers[at];
        missing--;
      } else if (message.type !== CONTROL_TYPE.done) {
        answers[at].push(message);
      }
    }
  }
  return results.map((result, at) => result ?? answers[at]);
}
