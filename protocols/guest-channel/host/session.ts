import type { GuestDevice, RuleCounters, RuleResult } from '../codec/messages.ts';
import type { GuestRule } from '../codec/rule.ts';
import type { GuestSessionEnded } from './errors.ts';

/** Result of a renewal; `late`: the transmit rules are gone, and have to be put again. */
export type GuestLease = 'renewed' | 'late';

/** Learns what happens to a session. */
export interface SessionListener {
  /** The guest has removed rules by itself; `total` counts them since the agent started. */
  lost(total: number): void;
  /**
   * The agent wants to end. Move the traffic back, then call `withdraw`; the agent waits a few
   * seconds for that.
   */
  leaving(): void;
  /** The session has ended; the guest's transmit rules end with their lease. */
  ended(end: GuestSessionEnded): void;
}

/**
 * A session with the agent of one guest.
 *
 * The guest is hostile until proven otherwise. Everything that it says, its devices and counters
 * included, is a claim: what a guest may receive or send is decided at the NIC, by what the host knows.
 *
 * Requests are answered in order. Each rejects with {@link GuestSessionEnded} when the session ends
 * first, which it does when a reply is late; with `GuestBusy` when too many wait; with `GuestRefused`
 * when the guest could not carry it out.
 *
 * A new session begins with nothing known about the guest's rules: put all rules that are wanted, then
 * call {@link retain} with their ids. The order that loses no packet: put the receive rule, steer
 * the NIC to the VF, put the transmit rule; and the reverse.
 */
export interface GuestSession {
  /** Name of the channel in the host's configuration; not a claim of the guest. */
  readonly guest: string;
  /** Version of the agent. */
  readonly agent: string;
  readonly devices: readonly GuestDevice[];
  /** Undefined while it is usable. */
  readonly end: GuestSessionEnded | undefined;
  /** The agent wants to end. */
  readonly isLeaving: boolean;
  /** When the lease of the transmit rules ends, ms of CLOCK_MONOTONIC; undefined: no lease. */
  readonly leaseEndsAtMs: number | undefined;
  /**
   * Installs or replaces rules; one result for each, in order. Transmit rules are refused while
   * there is no lease: call {@link renew} first.
   */
  put(rules: readonly GuestRule[]): Promise<readonly RuleResult[]>;
  /** Deletes rules; those that are gone are no error. Resolves to the number of deleted ones. */
  delete(rules: readonly number[]): Promise<number>;
  /** Deletes every rule that is not named. */
  retain(rules: readonly number[]): Promise<number>;
  /** Counters of all rules since they were put, as the guest's tc counts. */
  counters(): Promise<readonly RuleCounters[]>;
  /**
   * Lets the transmit rules be in force until `endsAtMs` (CLOCK_MONOTONIC of the host, ms), and not
   * longer, whatever delays the request. Without a renewal in time, the guest removes them.
   */
  renew(endsAtMs: number): Promise<GuestLease>;
  /** Deletes all rules. */
  withdraw(): Promise<number>;
  /** The returned function unsubscribes. */
  listen(listener: SessionListener): () => void;
  /** Ends the session. */
  close(): void;
}

/** The guests with a session. */
export interface GuestSessions {
  /** The session with a guest; undefined: not connected. */
  find(guest: string): GuestSession | undefined;
  readonly sessions: readonly GuestSession[];
  /**
   * Calls `listener` after a session has begun or ended, and when its agent wants to end or has lost
   * rules. The returned function unsubscribes.
   */
  onChange(listener: () => void): () => void;
}
