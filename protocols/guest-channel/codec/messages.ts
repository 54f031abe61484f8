import type { GuestRule } from './rule.ts';

/*
 * The messages of the channel between a host and the agent in its guest: one JSON object a line.
 *
 * The host opens a session with `hello`; the guest answers with a `hello` that repeats the host's
 * epoch. Everything before that is left over from an earlier session and ignored. After that, the guest
 * only replies to requests, in their order, except for `leaving`, and for a `hello` of an agent that
 * has started anew.
 */

/** Versions of the protocol that this side speaks, in ascending order. */
export const VERSIONS: readonly number[] = [1];

/** Identifies one run of one side: 16 hexadecimal digits, chosen at random. */
export type Epoch = string;

/** A network device of the guest. Every field is the guest's claim. */
export interface GuestDevice {
  readonly name: string;
  /** `02:00:00:00:00:01`, lower case. */
  readonly mac: string;
  /** The kernel's driver, such as `virtio_net` or `igbvf`; empty for a software device. */
  readonly driver: string;
  readonly mtu: number;
  readonly isUp: boolean;
  /** True if rules can name it as `device` or `to`. */
  readonly canRedirect: boolean;
}

/** Requests; `to` is the epoch of the agent that must answer. */
interface Request {
  readonly to: Epoch;
  /** Unique in the session, ascending. */
  readonly id: number;
}

export interface HostHello {
  readonly type: 'hello';
  readonly versions: readonly number[];
  readonly epoch: Epoch;
}

/** Installs rules, or replaces rules with the same ids; receive rules before transmit rules. */
export interface PutRequest extends Request {
  readonly type: 'put';
  readonly rules: readonly GuestRule[];
}

/** Deletes rules; transmit rules before receive rules. */
export interface DeleteRequest extends Request {
  readonly type: 'delete';
  readonly rules: readonly number[];
}

/** Deletes every rule that is not named: the end of a full resynchronisation. */
export interface RetainRequest extends Request {
  readonly type: 'retain';
  readonly rules: readonly number[];
}

/** Reads counters of rules with larger ids than `after`, in ascending order. */
export interface CountersRequest extends Request {
  readonly type: 'counters';
  readonly after: number;
}

/**
 * Extends the lease of the transmit rules up to a moment of the guest's clock. A request that was
 * delayed on its way therefore extends nothing.
 */
export interface RenewRequest extends Request {
  readonly type: 'renew';
  /** On the clock of `clockMs`, ms. */
  readonly untilMs: number;
}

/** Deletes all rules. */
export interface WithdrawRequest extends Request {
  readonly type: 'withdraw';
}

export type HostRequest =
  | PutRequest
  | DeleteRequest
  | RetainRequest
  | CountersRequest
  | RenewRequest
  | WithdrawRequest;

export type HostMessage = HostHello | HostRequest;

export interface GuestHello {
  readonly type: 'hello';
  readonly versions: readonly number[];
  readonly epoch: Epoch;
  /** The host's epoch that this answers; null: the agent has started, and no host has said hello. */
  readonly to: Epoch | null;
  /** Version of the agent. */
  readonly agent: string;
  /** The guest's CLOCK_BOOTTIME, ms. */
  readonly clockMs: number;
  readonly devices: readonly GuestDevice[];
}

/** Result for one rule of a `put`. */
export type RuleResult =
  | { readonly id: number; readonly ok: true }
  | { readonly id: number; readonly ok: false; readonly why: string };

/** Traffic of one rule, as tc in the guest counts it: id, packets, bytes. */
export type RuleCounters = readonly [id: number, packets: number, bytes: number];

/** What a request returned. */
export type ReplyResult =
  | { readonly of: 'put'; readonly rules: readonly RuleResult[] }
  /** `delete`, `retain` and `withdraw`: number of rules that are gone. */
  | { readonly of: 'delete'; readonly rules: number }
  | { readonly of: 'counters'; readonly counters: readonly RuleCounters[]; readonly more: boolean }
  /** `late`: the lease had expired, or `untilMs` is over; the transmit rules are gone. */
  | { readonly of: 'renew'; readonly lease: 'renewed' | 'late' }
  | { readonly of: 'error'; readonly why: string };

export interface GuestReply {
  readonly type: 'reply';
  readonly id: number;
  /** The guest's clock when the reply was made, ms. */
  readonly clockMs: number;
  /** Rules that the guest has removed by itself since the agent started. */
  readonly lost: number;
  readonly result: ReplyResult;
}

/** The agent ends: it waits a short time for the host to withdraw the rules. */
export interface GuestLeaving {
  readonly type: 'leaving';
}

export type GuestMessage = GuestHello | GuestReply | GuestLeaving;
