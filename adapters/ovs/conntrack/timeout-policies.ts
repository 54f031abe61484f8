import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff, type BackoffOptions } from '../../../async/backoff.ts';
import { parseOvsdbAddress } from '../../../protocols/ovsdb/address.ts';
import { runSession, type SessionOptions } from '../../../protocols/ovsdb/session.ts';
import type { TimeoutSettings } from './tracker.ts';

const TABLE = 'CT_Timeout_Policy';
const BACKOFF: BackoffOptions = { minMs: 100, maxMs: 10_000 };

export interface TimeoutPoliciesOptions {
  /** OVSDB: `unix:PATH`, a path, or `tcp:HOST:PORT`. */
  readonly database: string;
  /** Longest silence of the server before the connection is closed, ms. */
  readonly timeoutMs: number;
}

/**
 * Follows in OVSDB whether a zone of conntrack has a timeout policy. The server keeps only policies
 * that a zone uses.
 */
export class TimeoutPolicies implements TimeoutSettings {
  readonly #session: SessionOptions;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;
  /** Undefined while the database is not known. */
  #policies: number | undefined;

  /** @throws OvsdbAddressError */
  constructor({ database, timeoutMs }: TimeoutPoliciesOptions) {
    this.#session = {
      address: parseOvsdbAddress(database),
      name: database,
      database: 'Open_vSwitch',
      tables: { [TABLE]: ['timeouts'] },
      timeoutMs,
    };
    this.#following = this.#follow();
  }

  areDefault(): boolean {
    return this.#policies === 0;
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the tracker is closed'));
    await this.#following;
  }

  /** Keeps a session up until closed. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    const backoff = new Backoff(BACKOFF);
    while (!signal.aborted) {
      await runSession(
        this.#session,
        (replica) => {
          this.#policies = replica.table(TABLE).size;
          backoff.succeeded();
        },
        // The tracker reports nothing of it: connections without states are not established then.
        signal,
      ).catch(() => undefined);
      this.#policies = undefined;
      await sleep(backoff.failed(), undefined, { signal }).catch(() => undefined);
    }
  }
}
