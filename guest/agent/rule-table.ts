import type { RuleCounters, RuleResult } from '../../protocols/guest-channel/codec/messages.ts';
import type { GuestRule } from '../../protocols/guest-channel/codec/rule.ts';

/** The rules of the agent in this guest's kernel. Every promise settles within the table's time-out. */
export interface RuleTable {
  /** Ids of the installed rules, by direction. */
  readonly receive: ReadonlySet<number>;
  readonly transmit: ReadonlySet<number>;
  /** Takes over the receive rules that an earlier agent left, and removes its transmit rules. */
  adopt(): Promise<void>;
  /** Installs rules, or replaces those with the same ids; one result for each, in order. */
  put(rules: readonly GuestRule[]): Promise<readonly RuleResult[]>;
  /** Deletes rules; resolves to the number of those that were there. */
  delete(rules: readonly number[]): Promise<number>;
  /** Deletes every transmit rule, known or not; resolves to the number of the known ones. */
  deleteTransmit(): Promise<number>;
  /** Counters of all rules, in ascending order of their ids. */
  counters(): Promise<readonly RuleCounters[]>;
}
