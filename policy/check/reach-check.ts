import type { Comparison, Condition } from '../model/condition.ts';
import { constraintImplies, constraintOf, keyOf } from './constraint.ts';
import type { FactLookup } from '../model/fact.ts';

/** Maximum of cases in which a rule can hold; with more, the check finds less. */
const MAX_CASES = 64;

/**
 * True if comparisons with literals prove that `earlier` holds whenever `later` does. False proves
 * nothing.
 */
export function covers(earlier: Condition, later: Condition, factNamed: FactLookup): boolean {
  return casesOf(later).every((known) => follows(earlier, known, factNamed));
}

/** The cases in which `condition` holds: for each, comparisons that then hold. */
function casesOf(condition: Condition): readonly (readonly Comparison[])[] {
  if ('operator' in condition) return [[condition]];
  if ('all' in condition) {
    return condition.all.reduce<readonly (readonly Comparison[])[]>(
      (cases, child) => {
        const more = casesOf(child);
        if (cases.length * more.length > MAX_CASES) return cases;
        return cases.flatMap((known) => more.map((others) => [...known, ...others]));
      },
      [[]],
    );
  }
  if ('any' in condition) {
    const cases = condition.any.flatMap(casesOf);
    return cases.length > MAX_CASES ? [[]] : cases;
  }
  return [[]];
}

function follows(goal: Condition, known: readonly Comparison[], factNamed: FactLookup): boolean {
  if ('all' in goal) return goal.all.every((c) => follows(c, known, factNamed));
  if ('any' in goal) return goal.any.some((c) => follows(c, known, factNamed));
  if ('not' in goal) return false;
  return alwaysHolds(goal, factNamed) || known.some((k) => implies(k, goal));
}

function implies(known: Comparison, goal: Comparison): boolean {
  if (keyOf(known) !== keyOf(goal)) return false;
  if (
    known.operator === goal.operator &&
    JSON.stringify(known.value) === JSON.stringify(goal.value)
  ) {
    return true;
  }
  const premise = constraintOf(known);
  const wanted = constraintOf(goal);
  return premise !== undefined && wanted !== undefined && constraintImplies(premise, wanted);
}

/** True for a comparison that holds for every value, such as `bytes greaterThanInclusive 0`. */
function alwaysHolds(comparison: Comparison, factNamed: FactLookup): boolean {
  const fact = factNamed(comparison.fact);
  const wanted = constraintOf(comparison);
  if (fact === undefined || fact.missing !== undefined || wanted === undefined) return false;
  if (fact.values !== undefined)
    return constraintImplies({ kind: 'in', values: fact.values }, wanted);
  if (fact.range === undefined) return false;
  const { min, max } = fact.range;
  const everything = {
    kind: 'bounds',
    low: min,
    lowOpen: false,
    high: max,
    highOpen: false,
  } as const;
  return constraintImplies(everything, wanted);
}
