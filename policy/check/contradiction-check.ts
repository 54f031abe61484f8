import type { Comparison, Condition, Place } from '../model/condition.ts';
import { admits, compatible, type Constraint, constraintOf, keyOf } from './constraint.ts';
import type { FactLookup } from '../model/fact.ts';
import { shown } from '../document/literal.ts';

/** A condition that can never hold because of others around it. */
export interface Contradiction {
  readonly at: Place;
  readonly message: string;
}

/** A comparison that must hold, with what it demands. */
interface Demand {
  readonly comparison: Comparison;
  readonly constraint: Constraint;
}

/**
 * Comparisons that contradict each other inside an `all`, or a part of an `any` that contradicts
 * what must hold beside it.
 */
export function contradictions(root: Condition, factNamed: FactLookup): Contradiction[] {
  const found: Contradiction[] = [];
  look(root, [], found, factNamed);
  return found;
}

function look(
  condition: Condition,
  around: readonly Demand[],
  found: Contradiction[],
  factNamed: FactLookup,
): void {
  const demands = [...around];
  const choices: Condition[] = [];
  const gather = (c: Condition): void => {
    if ('all' in c) c.all.forEach(gather);
    else if ('operator' in c) demand(c, demands, found, factNamed);
    else choices.push(c);
  };
  gather(condition);
  for (const choice of choices) {
    if ('any' in choice) for (const c of choice.any) look(c, demands, found, factNamed);
    // What is under "not" need not hold: its own parts can still contradict each other.
    else if ('not' in choice) look(choice.not, [], found, factNamed);
  }
}

function demand(
  comparison: Comparison,
  demands: Demand[],
  found: Contradiction[],
  factNamed: FactLookup,
): void {
  const constraint = constraintOf(comparison);
  if (constraint === undefined || comparison.at === undefined) return;
  const key = keyOf(comparison);
  const beside = demands.filter((d) => keyOf(d.comparison) === key);
  const against = beside.find((d) => !compatible(d.constraint, constraint));
  if (against !== undefined) {
    const message = `${words(comparison)} contradicts ${words(against.comparison)} in line ${against.comparison.at?.line}: they never hold together`;
    found.push({ at: comparison.at, message });
    return;
  }
  demands.push({ comparison, constraint });
  const all = [...beside.map((d) => d.constraint), constraint];
  const values =
    factNamed(comparison.fact)?.values ?? all.flatMap((c) => (c.kind === 'in' ? c.values : []));
  if (
    values.length > 0 &&
    beside.length > 0 &&
    !values.some((v) => all.every((c) => admits(c, v)))
  ) {
    const message = `${words(comparison)} leaves nothing of what the comparisons of ${comparison.fact} before it do`;
    found.push({ at: comparison.at, message });
  }
}

function words({ fact, operator, value }: Comparison): string {
  return `${fact} ${operator} ${shown(value)}`;
}
