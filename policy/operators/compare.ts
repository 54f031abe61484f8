import type { Extent } from '../../engine/ports/rule-evaluator.ts';
import { acrossParts, forAllPackets } from '../model/extent.ts';
import { Possible, UNKNOWN } from '../model/possible.ts';
import { Region } from '../model/region.ts';
import { type Compares, decorated, type DecoratedOperator } from './decorators.ts';
import { MIRRORED, type OperatorDefinition, operatorNamed } from './operators.ts';
import { compareRegion, compareRegions } from './region-operators.ts';

/**
 * The comparison of an operator with its decorators: of values, and of what is known about facts
 * whose values differ among the packets of a flow or are not known.
 */
export function comparing({ decorators, operator }: DecoratedOperator): Compares {
  const holds = operator.remembering?.() ?? operator.holds;
  const one = decorated(decorators, (fact, value) =>
    isPartial(fact) || isPartial(value)
      ? comparePart(operator, fact, value)
      : forAllPackets(holds(fact, value)),
  );
  return (fact, value) =>
    fact instanceof Possible || value instanceof Possible
      ? acrossParts(partsOf(fact).flatMap((f) => partsOf(value).map((v) => one(f, v))))
      : one(fact, value);
}

function partsOf(known: unknown): readonly unknown[] {
  return known instanceof Possible ? known.parts : [known];
}

function isPartial(known: unknown): boolean {
  return known instanceof Region || known === UNKNOWN;
}

function comparePart(operator: OperatorDefinition, fact: unknown, value: unknown): Extent {
  if (fact === UNKNOWN || value === UNKNOWN) return compareUnknown(operator, fact, value);
  if (fact instanceof Region && value instanceof Region) {
    return compareRegions(operator, fact, value);
  }
  if (fact instanceof Region) return compareRegion(operator, fact, value);
  if (fact === undefined || value === undefined) return forAllPackets(operator.holds(fact, value));
  const mirrored = operatorNamed(MIRRORED.get(operator.name) ?? '');
  return value instanceof Region && mirrored !== undefined
    ? compareRegion(mirrored, value, fact)
    : 'some';
}

/** A comparison with null tests whether a value is known; others with an unknown value may hold. */
function compareUnknown(operator: OperatorDefinition, fact: unknown, value: unknown): Extent {
  if (value === null) return forAllPackets(operator.holds(undefined, null));
  return fact === undefined || value === undefined ? 'none' : 'some';
}
