import { setTimeout as sleep } from 'node:timers/promises';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { PortDirectory } from '../../engine/ports/port-directory.ts';
import type { LimitOf } from './bridge-traits.ts';
import { parseOvsdbAddress } from '../../protocols/ovsdb/address.ts';
import type { Replica } from '../../protocols/ovsdb/replica.ts';
import { runSession, type SessionOptions } from '../../protocols/ovsdb/session.ts';
import { MONITORED_COLUMNS, NEWER_PORT_COLUMNS, portsOf, samePorts } from './port-info.ts';
import { bridged } from './settling.ts';
import { Backoff, type BackoffOptions } from '../../async/backoff.ts';
import { asError } from '../../text/error-message.ts';

const BACKOFF: BackoffOptions = { minMs: 100, maxMs: 1_000 };
/** Time for vswitchd to write the ephemeral columns again after a restart of ovsdb-server, ms. */
const SETTLE_MS = 3_000;

export interface OvsPortDirectoryOptions {
  /** OVSDB: `unix:PATH`, a path, or `tcp:HOST:PORT`. */
  readonly socket: string;
  /** Longest silence of the server before the connection is closed, ms. */
  readonly timeoutMs: number;
  /** Whether ports of bridges that export their traffic are like others; default: they are not. */
  readonly ignoreExports?: boolean;
}

type Listener = (ports: PortSnapshot) => void;

/**
 * The ports of Open vSwitch in OVSDB, followed with a monitor (RFC 7047).
 *
 * A port's identity is the uuid of its Interface row: a port that is deleted and recreated has
 * another. A port whose kernel device is gone has ifindex 0; one whose device was replaced has the
 * new ifindex. While the connection is down `current()` does not change and `inSync()` is false;
 * after reconnecting the whole state is read again.
 */
export class OvsPortDirectory implements PortDirectory {
  readonly #session: SessionOptions;
  readonly #listeners = new Set<Listener>();
  readonly #switchListeners = new Set<() => void>();
  readonly #stop = new AbortController();
  #ports: PortSnapshot = new Map();
  #known = false;
  #inSync = false;
  #lastError: Error | undefined;
  #following: Promise<void> | undefined;
  #settle: { readonly before: PortSnapshot; readonly timer: NodeJS.Timeout } | undefined;
  #replica: Replica | undefined;
  #limitOf: LimitOf = () => undefined;
  readonly #ignoreExports: boolean;

  /** @throws OvsdbAddressError */
  constructor({ socket, timeoutMs, ignoreExports }: OvsPortDirectoryOptions) {
    this.#ignoreExports = ignoreExports ?? false;
    this.#session = {
      address: parseOvsdbAddress(socket),
      name: socket,
      database: 'Open_vSwitch',
      tables: MONITORED_COLUMNS,
      newer: NEWER_PORT_COLUMNS,
      timeoutMs,
    };
  }

  /** Sets the limits that the rules of bridges set; they become part of the ports. */
  useHeartbeatLimits(limitOf: LimitOf): void {
    this.#limitOf = limitOf;
    if (this.#replica !== undefined) this.#take(this.#replica);
  }

  current(): PortSnapshot {
    return this.#ports;
  }

  inSync(): boolean {
    return this.#inSync;
  }

  connected(): boolean {
    return this.#replica !== undefined;
  }

  /** Why the directory is stale; undefined while it is up to date, and before the first attempt failed. */
  lastError(): Error | undefined {
    return this.#inSync ? undefined : this.#lastError;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    listener(this.#ports);
    return () => void this.#listeners.delete(listener);
  }

  /** Also calls `listener` when ports change, and after a reconnection. */
  onSwitchChange(listener: () => void): () => void {
    this.#switchListeners.add(listener);
    return () => void this.#switchListeners.delete(listener);
  }

  /** Connects, and retries until it succeeds or `signal` aborts. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#stop.signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        const why = this.#lastError === undefined ? '' : `: ${this.#lastError.message}`;
        reject(new Error(`no ports from OVSDB yet${why}`, { cause: signal.reason }));
        void this.close();
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#following ??= this.#follow(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the port directory is closed'));
    clearTimeout(this.#settle?.timer);
    this.#inSync = false;
    this.#replica = undefined;
    await this.#following;
  }

  /** Keeps a session up until closed. */
  async #follow(onFirst: () => void): Promise<void> {
    const { signal } = this.#stop;
    const backoff = new Backoff(BACKOFF);
    while (!signal.aborted) {
      let reached = false;
      await runSession(
        this.#session,
        (replica) => {
          if (!reached) this.#resynchronise();
          this.#take(replica);
          reached = true;
          // Every monitored column may change what happens to packets.
          for (const listener of this.#switchListeners) listener();
          onFirst();
        },
        signal,
      ).catch((error: unknown) => {
        this.#lastError = asError(error);
      });
      this.#inSync = false;
      this.#replica = undefined;
      if (reached) backoff.succeeded();
      await sleep(backoff.failed(), undefined, { signal }).catch(() => undefined);
    }
  }

  /** A new connection: the earlier state may have to fill columns that are not written yet. */
  #resynchronise(): void {
    clearTimeout(this.#settle?.timer);
    this.#settle = undefined;
    if (!this.#known) return;
    const timer = setTimeout(() => {
      this.#settle = undefined;
      if (this.#replica !== undefined) this.#take(this.#replica);
    }, SETTLE_MS);
    this.#settle = { before: this.#ports, timer };
  }

  #take(replica: Replica): void {
    this.#replica = replica;
    const found = portsOf(replica, this.#limitOf, this.#ignoreExports);
    const { ports, settled } =
      this.#settle === undefined
        ? { ports: found, settled: true }
        : bridged(found, this.#settle.before);
    if (settled) {
      clearTimeout(this.#settle?.timer);
      this.#settle = undefined;
    }
    this.#inSync = settled;
    if (this.#known && samePorts(ports, this.#ports)) return;
    this.#known = true;
    this.#ports = ports;
    for (const listener of this.#listeners) listener(ports);
  }
}
