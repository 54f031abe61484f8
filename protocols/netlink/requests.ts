import { constants } from 'node:os';
import { bounded } from '../../async/bounded.ts';
import { SerialQueue } from '../../async/serial-queue.ts';
import {
  DumpInterrupted,
  NetlinkBusy,
  NetlinkRefused,
  NetlinkTimeout,
  NetlinkUnusable,
} from './errors.ts';
import {
  type DumpReader,
  dumpOnce,
  type NetlinkAnswer,
  type NetlinkRequest,
  sendBatch,
} from './exchange.ts';
import type { NetlinkMessage } from './message.ts';
import { NetlinkSocket, type NetlinkTransport } from './socket.ts';

const { EBADF } = constants.errno;

/** Attempts of a dump that changes interrupt, before the request fails. */
const MAX_ATTEMPTS = 10;
/** Messages of a batch that are sent at once; their answers fit into the receive buffer. */
export const MAX_BATCH = 128;
const MAX_SEQUENCE = 0xffff_ffff;
/** Waiting requests of a socket. */
const MAX_WAITING = 256;

export interface NetlinkOptions {
  /**
   * Longest time for a request, a batch of {@link MAX_BATCH} or a dump, ms; left out where the caller
   * bounds its wait.
   */
  readonly timeoutMs?: number;
  /** Opens a socket; left out: a socket of the kernel. */
  readonly open?: (protocol: number) => NetlinkTransport;
}

/**
 * Requests to the kernel on a separate socket, one at a time.
 *
 * The kernel can let a request wait for one of its locks, such as the network lock (rtnl). The event
 * loop does not wait: see {@link NetlinkSocket}. After the time-out, if there is one, the caller no
 * longer waits either, but the kernel cannot be made to abandon a request, and a thread of the pool
 * stays in it. Until that returns, further requests are rejected with {@link NetlinkBusy}, so that at
 * most one thread is held.
 */
export class NetlinkRequests {
  readonly #protocol: number;
  readonly #timeoutMs: number | undefined;
  readonly #serial = new SerialQueue(MAX_WAITING);
  readonly #open: (protocol: number) => NetlinkTransport;
  #socket: NetlinkTransport | undefined;
  /** A discarded socket that a thread still uses. */
  #stuck: NetlinkTransport | undefined;
  #sequence = 0;
  #closed = false;

  /** @throws {NetlinkUnusable} */
  constructor(protocol: number, { timeoutMs, open = openSocket }: NetlinkOptions = {}) {
    this.#protocol = protocol;
    this.#timeoutMs = timeoutMs;
    this.#open = open;
    this.#socket = open(protocol);
  }

  /**
   * All messages of a dump; a dump that a change interrupted is repeated.
   *
   * @param name of the request, for errors: `RTM_GETQDISC`
   * @param payload the family's header and attributes
   * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link DumpInterrupted} {@link NetlinkTimeout}
   */
  async dump(name: string, type: number, payload: Buffer): Promise<NetlinkMessage[]> {
    let found: NetlinkMessage[] = [];
    await this.dumpTo(name, type, payload, {
      begin: () => {
        found = [];
      },
      message: (datagram, from, to, of) => {
        const copy = Buffer.from(datagram.subarray(from, to));
        found.push({ type: of, flags: 0, sequence: 0, payload: copy });
      },
    });
    return found;
  }

  /** As {@link dump}, for large dumps: `reader` gets the messages as they arrive. */
  dumpTo(
    name: string,
    type: number,
    payload: Buffer,
    reader: DumpReader,
    signal?: AbortSignal,
  ): Promise<void> {
    const until = signal === undefined ? [] : [signal];
    return this.#run(name, until, async (socket, stop) => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        reader.begin();
        const sequence = this.#takeSequences(1);
        if (await dumpOnce(socket, stop, { name, type, payload }, sequence, reader)) return;
      }
      throw new DumpInterrupted(name, MAX_ATTEMPTS);
    });
  }

  /**
   * The answers to one request; empty when the kernel only acknowledges it.
   *
   * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link NetlinkTimeout}
   */
  async request(request: NetlinkRequest): Promise<readonly NetlinkMessage[]> {
    const [answer] = await this.batch([request]);
    if (answer instanceof NetlinkRefused) throw answer;
    return answer;
  }

  /**
   * Sends requests together and returns their answers in the same order. The kernel handles each
   * by itself: a refusal does not stop the next.
   *
   * @throws {NetlinkUnusable} {@link NetlinkTimeout} when any of them has no answer; earlier ones may
   *   have taken effect
   */
  async batch(requests: readonly NetlinkRequest[], signal?: AbortSignal): Promise<NetlinkAnswer[]> {
    const answers: NetlinkAnswer[] = [];
    const until = signal === undefined ? [] : [signal];
    for (let from = 0; from < requests.length; from += MAX_BATCH) {
      const part = requests.slice(from, from + MAX_BATCH);
      answers.push(
        ...(await this.#run(part[0].name, until, (socket) =>
          sendBatch(socket, part, this.#takeSequences(part.length)),
        )),
      );
    }
    return answers;
  }

  /** Closes the socket; a running request fails, and no other starts. */
  close(): void {
    this.#closed = true;
    this.#socket?.close();
    this.#socket = undefined;
  }

  #run<Result>(
    name: string,
    until: readonly AbortSignal[],
    task: (socket: NetlinkTransport, stop: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    return this.#serial.run(async () => {
      if (this.#stuck?.isInUse === true) throw new NetlinkBusy(name);
      this.#stuck = undefined;
      if (this.#closed) throw new NetlinkUnusable(`request ${name} after close`, EBADF);
      const socket = (this.#socket ??= this.#open(this.#protocol));
      try {
        return await bounded({ until, abandon: true, ...this.#limit(name) }, (stop) =>
          task(socket, stop),
        );
      } catch (error) {
        // Answers may still arrive, or a dump go on: only a refusal leaves the socket clean.
        if (!(error instanceof NetlinkRefused)) this.#discard(socket);
        throw error;
      }
    });
  }

  #limit(name: string): { timeoutMs: number; late: () => Error } | undefined {
    const timeoutMs = this.#timeoutMs;
    if (timeoutMs === undefined) return undefined;
    return { timeoutMs, late: () => new NetlinkTimeout(name, timeoutMs) };
  }

  #discard(socket: NetlinkTransport): void {
    socket.close();
    if (this.#socket === socket) this.#socket = undefined;
    if (socket.isInUse) this.#stuck = socket;
  }

  /** The first of `count` consecutive sequence numbers. */
  #takeSequences(count: number): number {
    if (this.#sequence + count > MAX_SEQUENCE) this.#sequence = 0;
    const first = this.#sequence + 1;
    this.#sequence += count;
    return first;
  }
}

function openSocket(protocol: number): NetlinkSocket {
  return new NetlinkSocket(protocol);
}
