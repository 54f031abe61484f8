import type { RuleCounters, RuleResult } from '../../protocols/guest-channel/codec/messages.ts';
import type { GuestRule } from '../../protocols/guest-channel/codec/rule.ts';

/** The rules of the agent in this guest's kernel. Every promise settles within the table's time-out. */
export interface RuleTable {
  /** Ids of the installed rules, by direction. */
  readonly receive: ReadonlySet<number>;
  readonly transmit: ReadonlySet<number>;
  /** Removes the transmit rules that an earlier agent left; its receive rules stay until {@link retain}. */
  adopt(): Promise<void>;
  /** Installs rules, or replaces those with the same ids; one result for each, in order. */
  put(rules: readonly GuestRule[]): Promise<readonly RuleResult[]>;
  /** Deletes rules, transmit rules first; resolves to the number of those that were there. */
  delete(rules: readonly number[]): Promise<number>;
  /** Deletes all rules but these, those of an earlier agent included. */
  retain(rules: ReadonlySet<number>): Promise<number>;
  /** Deletes every transmit rule, known or not; resolves to the number of the known ones. */
  deleteTransmit(): Promise<number>;
  /**
   * Removes the rules whose devices do not work any more: a packet that is redirected to a device
   * without a link is lost. Resolves to their number.
   */
  dropUnusable(): Promise<number>;
  /** Counters of all rules, in ascending order of their ids. */
  counters(): Promise<readonly RuleCounters[]>;
}
