import type { ConditionTrace } from '../engine/ports/rule-evaluator.ts';
import { factValue } from '../text/format.ts';

type Comparison = Extract<ConditionTrace, { kind: 'compare' }>;

/** What is known about the fact of a comparison, for the page and the commands: `is 443`. */
export function knownText(
  { state, actual }: Pick<Comparison, 'state' | 'actual'>,
  valueText: (value: unknown) => string = factValue,
): string {
  switch (state) {
    case 'none':
      return 'is missing';
    case 'unknown':
      return 'is not known';
    case 'open':
      return `can be ${String(actual)}`;
    case 'value':
    default:
      return `is ${valueText(actual)}`;
  }
}
