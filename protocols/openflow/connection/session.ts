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
  /** Highest version: 1 is OpenFlow 1.0, 4 is 1.3. */
  readonly maxVersion: Version;
  /** Time-out of an answer, or of its next part, ms. */
  readonly timeoutMs: number;
  /**
   * Silence after which an echo is requested, and after which the switch is considered dead, ms.
   */
  readonly echoAfterMs: number;
  readonly goneAfterMs: number;
  /** Maximum number of pending requests. */
  readonly maxPending: number;
  /** Maximum number of queued bytes. */
  readonly maxQueuedBytes: number;
  /** Maximum number of parts of a multipart answer. */
  readonly maxParts: number;
}

/** Bounds for a switch with a hundred thousand flows. */
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
 * A session with a switch in one version: matches answers to requests by xid and passes unsolicited
 * messages to listeners. An ended session cannot be reused.
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
   * Exchanges hellos on a new connection and negotiates the version. Owns the socket, also on
   * failure.
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

  /** Name of the switch, for messages. */
  get peer(): string {
    return this.#channel.peer;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Calls `listener` with unsolicited messages; the returned function unsubscribes it. */
  onMessage(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reserves `count` consecutive xids; returns the first. */
  xids(count: number): number {
    // Xid 0 is for the switch's unsolicited messages.
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
    const onAnswer = (message: Message): boolean => {
      answer = message;
      return true;
    };
    return this.#exchange(build(this.xids(1)), onAnswer, signal).then(() => {
      if (answer === undefined) throw new SwitchProtocolError(this.peer, 'an answer without one');
      return answer;
    });
  }

  /**
   * Requests statistics and passes every part of the answer to `part`. Rejects as {@link request}
   * does; the time-out applies to each part.
   */
  multipart(
    body: RequestBody,
    part: (body: ReplyBody) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const { maxParts } = this.#options;
    let parts = 0;
    const onAnswer = (message: Message): boolean => {
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
    return this.#exchange({ type: 'multipart-request', xid, more: false, body }, onAnswer, signal);
  }

  /**
   * Sends many messages whose only answers are errors, no faster than the switch reads them. Calls
   * `refused` with each error and the position of its message, until {@link Batch.stop}.
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

  /** The error for uses after the end. */
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
      // The socket keeps a reference to the bytes until they are sent.
      this.#channel.send(writer.written().slice());
      writer.reset();
      await this.#drained(signal);
    }
  }

  /** Waits until the switch has read, within the time-out of an answer. */
  async #drained(signal: AbortSignal): Promise<void> {
    const { timeoutMs } = this.#options;
    const late = (): Error =>
      new SwitchTimeout(this.peer, 'sent messages: it does not read', timeoutMs);
    await bounded({ until: [signal], timeoutMs, late }, (bound) => this.#channel.drained(bound));
  }

  #exchange(
    message: Message,
    onAnswer: (message: Message) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { timeoutMs, maxPending } = this.#options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      if (this.#pending.size >= maxPending) {
        reject(new SwitchBusy(this.peer, 'pending requests', maxPending));
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
            return onAnswer(answer) ? finish(resolve) : false;
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
      // The switch does not read; its silence ends the session.
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

/** Messages being sent; see {@link Session.batch}. */
export interface Batch {
  /** Resolves when all have been passed to the system. */
  send(signal: AbortSignal): Promise<void>;
  /** Releases the xids: later errors with them are not expected. */
  stop(): void;
}

function describe(message: Message): string {
  return message.type === 'multipart-request'
    ? `a request for ${message.body.kind} statistics`
    : message.type;
}
