import type { Comparison, Condition, FactReference } from '../model/condition.ts';
import type { Needed } from '../model/extent.ts';
import { constraintImplies, constraintOf, keyOf } from './constraint.ts';
import type { FactLookup } from '../model/fact.ts';
import { referencesOf } from '../model/uses.ts';

/** Maximum of cases in which a rule can hold; with more, the check finds less. */
const MAX_CASES = 64;

/** Conditions of a rule, and for how many packets they must hold; undefined for a node rule. */
export interface Reach {
  readonly conditions: Condition;
  readonly needed: Needed | undefined;
}

/**
 * True if comparisons with literals prove that `earlier` holds whenever `later` does. False proves
 * nothing.
 */
export function covers(earlier: Reach, later: Reach, factNamed: FactLookup): boolean {
  const proof: Proof = { earlier: earlier.needed, later: later.needed, factNamed };
  return casesOf(later.conditions).every((known) => follows(earlier.conditions, known, proof));
}

/** What the two rules need, and the facts. */
interface Proof {
  readonly earlier: Needed | undefined;
  readonly later: Needed | undefined;
  readonly factNamed: FactLookup;
}

/** The cases in which `condition` holds: for each, comparisons that then hold. */
export function casesOf(condition: Condition): readonly (readonly Comparison[])[] {
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

function follows(goal: Condition, known: readonly Comparison[], proof: Proof): boolean {
  if ('all' in goal) return goal.all.every((c) => follows(c, known, proof));
  if ('any' in goal) return goal.any.some((c) => follows(c, known, proof));
  if ('not' in goal) return false;
  return alwaysHolds(goal, proof.factNamed) || known.some((k) => implies(k, goal, proof));
}

function implies(known: Comparison, goal: Comparison, proof: Proof): boolean {
  if (keyOf(known) !== keyOf(goal)) return false;
  const certain = [known, goal].flatMap((c) => referencesOf(c)).every(isCertain(proof.factNamed));
  // What may hold for a flow need not hold for all its packets.
  if (proof.later === 'some' && proof.earlier === 'all' && !certain) return false;
  if (
    known.operator === goal.operator &&
    JSON.stringify(known.value) === JSON.stringify(goal.value)
  ) {
    return true;
  }
  const premise = constraintOf(known);
  const wanted = constraintOf(goal);
  // A comparison with a value that is not known may hold, although there is no known value.
  if (wanted?.kind === 'exists' && proof.later === 'some' && !certain) return false;
  return premise !== undefined && wanted !== undefined && constraintImplies(premise, wanted);
}

/** True for a fact that has one known value, or none, for all packets of a flow. */
function isCertain(factNamed: FactLookup) {
  return ({ fact: name }: FactReference): boolean => {
    const fact = factNamed(name);
    return fact !== undefined && fact.packets !== true && fact.unknown === undefined;
  };
}

/** True for a comparison that holds for every value, such as `bytes greaterThanInclusive 0`. */
function alwaysHolds(comparison: Comparison, factNamed: FactLookup): boolean {
  const fact = factNamed(comparison.fact);
  const wanted = constraintOf(comparison);
  if (fact === undefined || wanted === undefined) return false;
  if (fact.missing !== undefined || fact.unknown !== undefined) return false;
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
