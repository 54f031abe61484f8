import type { DecisionRecord } from './decision-record.ts';

/** The rule of a decision, and its cause if that is not the rule itself. */
export function ledBy({ rule, cause, reason }: DecisionRecord): string {
  if (rule === null) return causeAndReason({ rule, cause, reason }).join(', ') || 'no rule';
  return cause === null || cause === 'policy' ? `rule ${rule}` : `rule ${rule}, ${cause}`;
}

/** Cause and reason of a decision without duplicates; without `policy` if there is a rule. */
export function causeAndReason({
  rule,
  cause,
  reason,
}: Pick<DecisionRecord, 'rule' | 'cause' | 'reason'>): readonly string[] {
  const words = new Set([rule !== null && cause === 'policy' ? null : cause, reason]);
  return [...words].filter((word) => word !== null);
}
