import {
  type Comparison,
  type Condition,
  type FactReference,
  isFactReference,
} from './condition.ts';

/** All comparisons of a condition. */
export function comparisonsOf(condition: Condition): Comparison[] {
  if ('all' in condition) return condition.all.flatMap(comparisonsOf);
  if ('any' in condition) return condition.any.flatMap(comparisonsOf);
  return 'not' in condition ? comparisonsOf(condition.not) : [condition];
}

/** The facts that a condition uses, with parameters and paths. */
export function referencesOf(condition: Condition): FactReference[] {
  return comparisonsOf(condition).flatMap((c) => (isFactReference(c.value) ? [c, c.value] : [c]));
}

/** Names of the facts that a condition uses. */
export function factsOf(condition: Condition): string[] {
  return referencesOf(condition).map((reference) => reference.fact);
}
