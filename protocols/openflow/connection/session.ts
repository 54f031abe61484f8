import type { Socket } from 'node:net';
import { bounded } from '../../../async/bounded.ts';
import { encode, encodeInto } from '../codec/encode.ts';
import { nameError } from '../codec/name-error.ts';
import type { Decoded, Message } from '../codec/messages.ts';
import type { ReplyBody, RequestBody } from '../codec/multipart.ts';
import type { ErrorMessage } from '../codec/session.ts';
import type { Version } from '../codec/version.ts';
import { Writer } from '../wire/writer.ts';
import type { Channel } from './channel.ts';
import {
  type SwitchDisconnected,
  SwitchBusy,
  SwitchError,
  SwitchProtocolError,
  SwitchTimeout,
} from './errors.ts';
import { greet } from './handshake.ts';
import { Keepalive } from './keepalive.ts';
import { Pending } from './pending.ts';

/** Bounds and time-outs of a session. */
export interface SessionOptions {
  /** 1: never speak more than OpenFlow 1.0; 4: 1.3. */
  readonly maxVersion: Version;
  /** Longest wait for one answer, or for the next part of one, ms. */
  readonly timeoutMs: number;
  /** Silence after which the switch is asked whether it is there, and after which it is gone, ms. */
  readonly echoAfterMs: number;
  readonly goneAfterMs: number;
  /** Requests that may be under way at a time. */
  readonly maxPending: number;
  /** Bytes that may wait for the switch to read them. */
  readonly maxQueuedBytes: number;
  /** Parts that one multipart answer may have. */
  readonly maxParts: number;
}

/** Bounds that suit a switch with a hundred thousand flows. */
export const SESSION_DEFAULTS: Omit<SessionOptions, 'maxVersion'> = {
  timeoutMs: 5_000,
  echoAfterMs: 2_000,
  goneAfterMs: 6_000,
  maxPending: 64,
  maxQueuedBytes: 8 * 1024 * 1024,
  maxParts: 65_536,
};

const CHUNK_BYTES = 64 * 1024;

/**
 * A conversation with a switch in one version: requests and their answers, matched by xid; what
 * comes unasked goes to listeners. A session that ended stays ended.
 */
export class Session {
  readonly version: Version;
  /** Aborts when the session ends; its reason says why. */
  readonly ended: AbortSignal;
  readonly #channel: Channel;
  readonly #options: SessionOptions;
  readonly #pending = new Pending();
  readonly #end = new AbortController();
  readonly #listeners = new Set<(message: Message) => void>();
  readonly #keepalive: Keepalive;
  #nextXid = 2;

  private constructor(channel: Channel, version: Version, options: SessionOptions) {
    this.#channel = channel;
    this.version = version;
    this.#options = options;
    this.ended = this.#end.signal;
    this.#keepalive = new Keepalive({
      askAfterMs: options.echoAfterMs,
      goneAfterMs: options.goneAfterMs,
      received: () => channel.received,
      ask: () => this.#ask(),
      gone: () => {
        void this.close(new SwitchTimeout(channel.peer, 'an echo request', options.goneAfterMs));
      },
    });
  }

  /**
   * Says hello on a new connection and agrees on a version. Owns the socket, whatever comes of it.
   *
   * @param peer name of the switch in messages
   * @throws NoCommonVersion, SwitchTimeout, SwitchProtocolError, SwitchDisconnected
   */
  static async open(
    peer: string,
    socket: Socket,
    options: SessionOptions,
    signal: AbortSignal,
  ): Promise<Session> {
    const { maxVersion, timeoutMs, maxQueuedBytes } = options;
    const limits = { queuedBytes: maxQueuedBytes };
    const greeted = await greet(peer, socket, { maxVersion, timeoutMs, limits }, signal);
    const session = new Session(greeted.channel, greeted.version, options);
    greeted.listen({
      message: (decoded) => session.#message(decoded),
      ended: () => session.#finish(),
    });
    return session;
  }

  /** Who is at the other end. */
  get peer(): string {
    return this.#channel.peer;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Calls `listener` with what comes unasked; the returned function ends it. */
  onMessage(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reserves `count` consecutive xids; returns the first. */
  xids(count: number): number {
    // 0 is the switch's own: what comes unasked.
    if (this.#nextXid + count > 0xffff_ffff) this.#nextXid = 2;
    const first = this.#nextXid;
    this.#nextXid += count;
    return first;
  }

  /** Sends a message that has no answer. @throws SwitchBusy, SwitchDisconnected */
  send(message: Message): void {
    this.#channel.send(encode(message, this.version));
  }

  /**
   * Sends a request; resolves to its answer.
   *
   * @throws SwitchError when the switch refuses it; SwitchTimeout, SwitchBusy, SwitchDisconnected,
   * the signal's reason
   */
  request(build: (xid: number) => Message, signal?: AbortSignal): Promise<Message> {
    let answer: Message | undefined;
    const take = (message: Message): boolean => {
      answer = message;
      return true;
    };
    return this.#exchange(build(this.xids(1)), take, signal).then(() => {
      if (answer === undefined) throw new SwitchProtocolError(this.peer, 'an answer without one');
      return answer;
    });
  }

  /**
   * Asks for statistics and hands every part of the answer to `part`. Rejects as
   * {@link request} does; the time-out is from part to part.
   */
  multipart(
    body: RequestBody,
    part: (body: ReplyBody) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const { maxParts } = this.#options;
    let parts = 0;
    const take = (message: Message): boolean => {
      if (message.type !== 'multipart-reply') {
        throw new SwitchProtocolError(this.peer, `${message.type} as answer to multipart-request`);
      }
      if (++parts > maxParts) {
        throw new SwitchProtocolError(this.peer, `an answer of more than ${maxParts} parts`);
      }
      part(message.body);
      return !message.more;
    };
    const xid = this.xids(1);
    return this.#exchange({ type: 'multipart-request', xid, more: false, body }, take, signal);
  }

  /**
   * Sends many messages that have no answer but errors, no faster than the switch reads them.
   * `refused` gets the errors, with the position of the message that each belongs to, until the
   * returned promise and the answer of what follows (a barrier, a commit) have settled.
   */
  batch(
    count: number,
    build: (index: number, xid: number) => Message,
    refused: (index: number, error: SwitchError) => void,
  ): Batch {
    const first = this.xids(count);
    const stop = this.#pending.addRange(first, count, {
      message: () => false,
      error: (message) => {
        refused(message.xid - first, this.#errorOf(message));
        return false;
      },
      ended: () => undefined,
    });
    return { send: (signal) => this.#sendAll(count, first, build, signal), stop };
  }

  /** Ends the session; resolves when the connection is closed. */
  async close(reason?: Error): Promise<void> {
    await this.#channel.close(reason);
    this.#finish();
  }

  /** What to tell who wanted to use it after its end. */
  disconnected(): SwitchDisconnected {
    return this.#channel.disconnected();
  }

  async #sendAll(
    count: number,
    first: number,
    build: (index: number, xid: number) => Message,
    signal: AbortSignal,
  ): Promise<void> {
    const writer = new Writer(2 * CHUNK_BYTES);
    for (let i = 0; i < count; i++) {
      encodeInto(writer, build(i, first + i), this.version);
      if (writer.length < CHUNK_BYTES && i < count - 1) continue;
      // The socket keeps what it is given until it is sent.
      this.#channel.send(writer.written().slice());
      writer.reset();
      await this.#drained(signal);
    }
  }

  /** Waits for the switch to read, but not longer than for an answer. */
  async #drained(signal: AbortSignal): Promise<void> {
    const { timeoutMs } = this.#options;
    const late = (): Error =>
      new SwitchTimeout(this.peer, 'what was sent: it does not read', timeoutMs);
    await bounded({ until: [signal], timeoutMs, late }, (bound) => this.#channel.drained(bound));
  }

  #exchange(
    message: Message,
    take: (message: Message) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { timeoutMs, maxPending } = this.#options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      if (this.#pending.size >= maxPending) {
        reject(new SwitchBusy(this.peer, 'requests under way', maxPending));
        return;
      }
      const finish = (settle: () => void): true => {
        clearTimeout(timer);
        remove();
        signal?.removeEventListener('abort', abort);
        settle();
        return true;
      };
      const abort = (): void => void finish(() => reject(signal?.reason));
      const timer = setTimeout(
        () => finish(() => reject(new SwitchTimeout(this.peer, describe(message), timeoutMs))),
        timeoutMs,
      );
      const remove = this.#pending.add(message.xid, {
        message: (answer) => {
          timer.refresh();
          try {
            return take(answer) ? finish(resolve) : false;
          } catch (error) {
            return finish(() => reject(error));
          }
        },
        error: (answer) => finish(() => reject(this.#errorOf(answer))),
        ended: (error) => finish(() => reject(error)),
      });
      signal?.addEventListener('abort', abort, { once: true });
      try {
        this.send(message);
      } catch (error) {
        finish(() => reject(error));
      }
    });
  }

  #message({ version, message }: Decoded): void {
    if (message.type === 'echo-request') {
      this.send({ type: 'echo-reply', xid: message.xid, data: message.data });
      return;
    }
    if (version !== this.version) {
      const text = `a message of version ${version} in a session of version ${this.version}`;
      throw new SwitchProtocolError(this.peer, text);
    }
    if (this.#pending.deliver(message)) return;
    for (const listener of this.#listeners) listener(message);
  }

  #errorOf(message: ErrorMessage): SwitchError {
    const { errorType, code, experimenter } = message;
    const names = nameError(message, this.version);
    const identity = { errorType, code, experimenter };
    return new SwitchError({ ...identity, typeName: names.type, codeName: names.code });
  }

  #ask(): void {
    const xid = this.xids(1);
    try {
      this.send({ type: 'echo-request', xid, data: new Uint8Array(0) });
    } catch {
      // It does not read what was sent before: its silence ends the session.
    }
  }

  #finish(): void {
    if (this.#end.signal.aborted) return;
    this.#keepalive.stop();
    const reason = this.disconnected();
    this.#end.abort(reason);
    this.#pending.end(reason);
    this.#listeners.clear();
  }
}

/** Messages on their way; see {@link Session.batch}. */
export interface Batch {
  /** Resolves when all of them have been handed to the system. */
  send(signal: AbortSignal): Promise<void>;
  /** Releases the xids: later errors with them are not expected. */
  stop(): void;
}

function describe(message: Message): string {
  return message.type === 'multipart-request'
    ? `a request for ${message.body.kind} statistics`
    : message.type;
}
