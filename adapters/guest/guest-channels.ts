import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EndReason } from '../../protocols/guest-channel/host/errors.ts';
import type { GuestSession, GuestSessions } from '../../protocols/guest-channel/host/session.ts';
import { errorCode, errorMessage } from '../../text/error-message.ts';
import { GuestLink, type LinkListener, type LinkState } from './guest-link.ts';
import type { GuestChannelOptions } from './options.ts';

/** Between two looks at the folder, ms. */
const SCAN_MS = 2_000;
/** Guests of one host. */
const MAX_GUESTS = 256;
const SOCKET_NAME = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})\.sock$/;

/** The channel of one guest, for display. */
export interface GuestStatus {
  readonly guest: string;
  readonly state: LinkState;
  /** Version of the agent; undefined: there is no session. */
  readonly agent: string | undefined;
  /** The transmit rules of the guest have a lease. */
  readonly hasLease: boolean;
  readonly isLeaving: boolean;
  /** Sessions and attempts that have ended, by reason. */
  readonly ended: ReadonlyMap<EndReason, number>;
  readonly lastProblem: string | undefined;
}

/**
 * The channels of all guests: one for each socket in a folder. The name of the socket says which guest
 * is at its other end, because only the host's root makes it so; a guest authenticates itself by
 * nothing else.
 */
export class GuestChannels implements GuestSessions {
  readonly #options: GuestChannelOptions;
  readonly #links = new Map<string, GuestLink>();
  readonly #listeners = new Set<() => void>();
  readonly #ended = new Map<EndReason, number>();
  #timer: NodeJS.Timeout | undefined;
  #scanning: Promise<void> | undefined;
  #isClosed = false;
  #lastProblem = '';

  constructor(options: GuestChannelOptions) {
    this.#options = options;
  }

  /** Looks for guests, now and from time to time; resolves after the first look. */
  start(): Promise<void> {
    this.#timer = setInterval(() => void this.#scan(), SCAN_MS);
    this.#timer.unref();
    return this.#scan();
  }

  get sessions(): readonly GuestSession[] {
    return [...this.#links.values()]
      .map(({ session }) => session)
      .filter((session) => session !== undefined);
  }

  find(guest: string): GuestSession | undefined {
    return this.#links.get(guest)?.session;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connections that have ended since the start, by reason, also those of guests that are gone. */
  get ended(): ReadonlyMap<EndReason, number> {
    return this.#ended;
  }

  /** Every guest, in the order of their names. */
  status(): readonly GuestStatus[] {
    return [...this.#links.values()]
      .map(({ guest, state, session, ended, lastProblem }) => ({
        guest,
        state,
        agent: session?.agent,
        hasLease: session?.leaseEndsAtMs !== undefined,
        isLeaving: session?.isLeaving ?? false,
        ended,
        lastProblem,
      }))
      .toSorted((a, b) => (a.guest < b.guest ? -1 : 1));
  }

  /** Ends all sessions; the guests' transmit rules end with their leases. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#scanning;
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    this.#links.clear();
    this.#listeners.clear();
  }

  /** One look at the folder at a time. */
  #scan(): Promise<void> {
    this.#scanning ??= this.#look().finally(() => {
      this.#scanning = undefined;
    });
    return this.#scanning;
  }

  async #look(): Promise<void> {
    const guests = await this.#guests();
    if (this.#isClosed || guests === undefined) return;
    for (const [guest, link] of this.#links) {
      if (guests.has(guest)) continue;
      this.#links.delete(guest);
      void link.close();
    }
    for (const guest of guests) {
      if (this.#links.has(guest)) continue;
      const path = join(this.#options.directory, `${guest}.sock`);
      const listener: LinkListener = {
        changed: () => {
          for (const each of this.#listeners) each();
        },
        ended: (reason) => this.#ended.set(reason, (this.#ended.get(reason) ?? 0) + 1),
      };
      this.#links.set(guest, new GuestLink(guest, path, this.#options, listener));
    }
  }

  /** Names of the guests with a socket; undefined: the folder cannot be read. */
  async #guests(): Promise<ReadonlySet<string> | undefined> {
    const { directory } = this.#options;
    try {
      const names = await readdir(directory);
      const guests = names
        .map((name) => SOCKET_NAME.exec(name)?.[1])
        .filter((n) => n !== undefined);
      const few = guests.toSorted().slice(0, MAX_GUESTS);
      this.#report(
        guests.length > MAX_GUESTS
          ? `${directory} has ${guests.length} sockets; only the first ${MAX_GUESTS} are used`
          : '',
      );
      return new Set(few);
    } catch (error) {
      // Made with the first machine that has a channel.
      if (errorCode(error) === 'ENOENT') return new Set();
      this.#report(`cannot read ${directory}, the folder of the guests: ${errorMessage(error)}`);
      return undefined;
    }
  }

  /** Logs a problem once, until another one. */
  #report(problem: string): void {
    if (problem !== '' && problem !== this.#lastProblem) this.#options.log(problem);
    this.#lastProblem = problem;
  }
}
