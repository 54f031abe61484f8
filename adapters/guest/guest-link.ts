import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from '../../async/backoff.ts';
import { bounded } from '../../async/bounded.ts';
import { GuestSessionEnded, type EndReason } from '../../protocols/guest-channel/host/errors.ts';
import { openSession } from '../../protocols/guest-channel/host/handshake.ts';
import type { HostSession } from '../../protocols/guest-channel/host/host-session.ts';
import { errorMessage } from '../../text/error-message.ts';
import { GuestUnreachable } from './errors.ts';
import type { GuestChannelOptions } from './options.ts';
import { SocketChannel } from './socket-channel.ts';

/** Time for connecting, ms. */
const CONNECT_MS = 2_000;
/** Between two attempts, ms: a guest that breaks the protocol costs less and less. */
const BACKOFF = { minMs: 250, maxMs: 60_000 };
/** A session that lasted this long was a good one, ms. */
const GOOD_SESSION_MS = 30_000;

/** Where the link to a guest stands. */
export type LinkState =
  /** The socket cannot be connected to. */
  | 'unreachable'
  /** Connected, but no agent has answered. */
  | 'waiting'
  /** There is a session. */
  | 'connected';

export const LINK_STATES: readonly LinkState[] = ['unreachable', 'waiting', 'connected'];

/** Learns what happens to a link. */
export interface LinkListener {
  /** A session has begun or ended; its agent wants to end, or has lost rules. */
  changed(): void;
  /** A session, or the attempt to open one, has failed. */
  ended(reason: EndReason): void;
}

/** The link to one guest: connects, opens sessions, and begins again when one has ended. */
export class GuestLink {
  readonly guest: string;
  readonly #path: string;
  readonly #options: GuestChannelOptions;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff(BACKOFF);
  readonly #listener: LinkListener;
  readonly #running: Promise<void>;
  #session: HostSession | undefined;
  #state: LinkState = 'unreachable';
  #lastProblem: string | undefined;
  readonly #ended = new Map<EndReason, number>();

  constructor(guest: string, path: string, options: GuestChannelOptions, listener: LinkListener) {
    this.guest = guest;
    this.#path = path;
    this.#options = options;
    this.#listener = listener;
    this.#running = this.#run();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The session; undefined: not connected. */
  get session(): HostSession | undefined {
    return this.#session;
  }

  /** Why there was no session, or why the last one ended; undefined: nothing has gone wrong. */
  get lastProblem(): string | undefined {
    return this.#lastProblem;
  }

  /** Sessions and attempts that have ended, by reason. */
  get ended(): ReadonlyMap<EndReason, number> {
    return this.#ended;
  }

  /** Ends the session and the link. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the host ends'));
    this.#session?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const beganMs = this.#options.nowMs();
      try {
        await this.#serve();
      } catch (error) {
        this.#failed(error);
      }
      this.#state = 'unreachable';
      if (this.#options.nowMs() - beganMs > GOOD_SESSION_MS) this.#backoff.succeeded();
      try {
        await sleep(this.#backoff.failed(), undefined, { signal, ref: false });
      } catch {
        return;
      }
    }
  }

  /** One connection, until its session has ended. */
  async #serve(): Promise<void> {
    const { nowMs, replyTimeoutMs } = this.#options;
    const until = [this.#stop.signal];
    const late = (): Error => new GuestUnreachable(this.#path, `no connection in ${CONNECT_MS} ms`);
    const channel = await bounded({ until, timeoutMs: CONNECT_MS, late }, (signal) =>
      SocketChannel.open(this.#path, signal),
    );
    this.#state = 'waiting';
    const options = { guest: this.guest, timeoutMs: replyTimeoutMs, nowMs };
    const session = await openSession(channel, options, this.#stop.signal);
    const ended = new Promise<void>((resolve, reject) => {
      const changed = (): void => this.#listener.changed();
      session.listen({ lost: changed, leaving: changed, ended: reject });
      if (session.end !== undefined) resolve();
    });
    this.#session = session;
    this.#state = 'connected';
    this.#lastProblem = undefined;
    this.#options.log(`guest ${this.guest}: connected to agent ${session.agent}`);
    this.#listener.changed();
    try {
      await ended;
      if (session.end !== undefined) throw session.end;
    } finally {
      this.#session = undefined;
      this.#listener.changed();
    }
  }

  #failed(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    if (error instanceof GuestSessionEnded) {
      this.#ended.set(error.reason, (this.#ended.get(error.reason) ?? 0) + 1);
      this.#listener.ended(error.reason);
    }
    const problem =
      error instanceof GuestSessionEnded
        ? error.message
        : new GuestUnreachable(this.#path, errorMessage(error)).message;
    // A guest without an agent stays unreachable for long: each problem is logged once.
    if (problem !== this.#lastProblem) this.#options.log(problem);
    this.#lastProblem = problem;
  }
}
