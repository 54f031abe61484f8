import { ChannelViolation } from '../codec/errors.ts';
import type { ReplyResult, RuleCounters, RuleResult } from '../codec/messages.ts';
import type { GuestRule } from '../codec/rule.ts';

/*
 * Whether a reply fits its request: a guest answers what it was asked, about the rules that it was
 * given, and nothing else.
 */

/** @throws {ChannelViolation} */
export function checkedPut(
  rules: readonly GuestRule[],
  result: ReplyResult,
): readonly RuleResult[] {
  const fits =
    result.of === 'put' &&
    result.rules.length === rules.length &&
    result.rules.every(({ id }, i) => id === rules[i].id);
  if (!fits) throw new ChannelViolation('reply to put', 'one result for each rule, in order');
  return result.rules;
}

/** @throws {ChannelViolation} */
export function checkedDelete(most: number, result: ReplyResult): number {
  if (result.of !== 'delete' || result.rules > most) {
    throw new ChannelViolation('reply to delete', `a number of at most ${most} rules`);
  }
  return result.rules;
}

/** @throws {ChannelViolation} */
export function checkedCounters(
  after: number,
  known: ReadonlySet<number>,
  result: ReplyResult,
): { readonly counters: readonly RuleCounters[]; readonly more: boolean } {
  if (result.of !== 'counters') throw new ChannelViolation('reply to counters', 'counters');
  let last = after;
  for (const [id] of result.counters) {
    if (id <= last || !known.has(id)) {
      throw new ChannelViolation(
        `counters of rule ${id}`,
        'rules that were put, in ascending order',
      );
    }
    last = id;
  }
  if (result.more && last === after) {
    throw new ChannelViolation('reply to counters', 'at least one rule before there are more');
  }
  return result;
}
