import type { Comparison, Condition } from '../model/condition.ts';
import type { Place } from '../model/place.ts';
import { admits, compatible, type Constraint, constraintOf, keyOf } from './constraint.ts';
import type { FactLookup } from '../model/fact.ts';
import { shown } from '../document/literal.ts';

/** A condition that contradicts another one that must also hold. */
export interface Contradiction {
  readonly at: Place;
  readonly message: string;
}

/** A comparison that must hold, and its constraint. */
interface Demand {
  readonly comparison: Comparison;
  readonly constraint: Constraint;
}

/**
 * Finds comparisons in an `all` that contradict each other, and parts of an `any` that contradict
 * comparisons that must hold as well.
 */
export function contradictions(root: Condition, factNamed: FactLookup): Contradiction[] {
  const found: Contradiction[] = [];
  visit(root, [], found, factNamed);
  return found;
}

function visit(
  condition: Condition,
  enclosing: readonly Demand[],
  found: Contradiction[],
  factNamed: FactLookup,
): void {
  const demands = [...enclosing];
  const choices: Condition[] = [];
  const collect = (c: Condition): void => {
    if ('all' in c) c.all.forEach(collect);
    else if ('operator' in c) addDemand(c, demands, found, factNamed);
    else choices.push(c);
  };
  collect(condition);
  for (const choice of choices) {
    if ('any' in choice) for (const c of choice.any) visit(c, demands, found, factNamed);
    // The condition in "not" need not hold, but its parts can contradict each other.
    else if ('not' in choice) visit(choice.not, [], found, factNamed);
  }
}

function addDemand(
  comparison: Comparison,
  demands: Demand[],
  found: Contradiction[],
  factNamed: FactLookup,
): void {
  const constraint = constraintOf(comparison);
  if (constraint === undefined || comparison.at === undefined) return;
  const key = keyOf(comparison);
  const sameFact = demands.filter((d) => keyOf(d.comparison) === key);
  // Whether a value is known can be asked beside a comparison that may hold for an unknown one.
  const unknown = factNamed(comparison.fact)?.unknown !== undefined;
  const conflicting = sameFact.find(
    (d) =>
      !compatible(d.constraint, constraint) &&
      !(unknown && (d.constraint.kind === 'missing' || constraint.kind === 'missing')),
  );
  if (conflicting !== undefined) {
    const message = `${describe(comparison)} contradicts ${describe(conflicting.comparison)} in line ${conflicting.comparison.at?.line}: they never hold together`;
    found.push({ at: comparison.at, message });
    return;
  }
  demands.push({ comparison, constraint });
  const all = [...sameFact.map((d) => d.constraint), constraint];
  const values =
    factNamed(comparison.fact)?.values ?? all.flatMap((c) => (c.kind === 'in' ? c.values : []));
  if (
    values.length > 0 &&
    sameFact.length > 0 &&
    !values.some((v) => all.every((c) => admits(c, v)))
  ) {
    const message = `${describe(comparison)} excludes all values that the comparisons of ${comparison.fact} before it allow`;
    found.push({ at: comparison.at, message });
  }
}

function describe({ fact, operator, value }: Comparison): string {
  return `${fact} ${operator} ${shown(value)}`;
}
