import type { DecisionRecord } from './decision-record.ts';

/** What led to a decision, with its cause where that is not the rule itself. */
export function ledBy({ rule, cause, reason }: DecisionRecord): string {
  if (rule === null) return causeAndReason({ rule, cause, reason }).join(', ') || 'no rule';
  return cause === null || cause === 'policy' ? `rule ${rule}` : `rule ${rule}, ${cause}`;
}

/** Cause and reason of a decision, each word once; without `policy` where a rule is named. */
export function causeAndReason({
  rule,
  cause,
  reason,
}: Pick<DecisionRecord, 'rule' | 'cause' | 'reason'>): readonly string[] {
  const words = new Set([rule !== null && cause === 'policy' ? null : cause, reason]);
  return [...words].filter((word) => word !== null);
}
