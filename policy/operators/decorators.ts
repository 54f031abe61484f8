import type { Extent } from '../../engine/ports/rule-evaluator.ts';
import { forAllPackets, maxExtent, minExtent, negated } from '../model/extent.ts';
import { UNKNOWN } from '../model/possible.ts';
import { type Holds, type OperatorDefinition, operatorNamed } from './operators.ts';

/** For how many of a flow's packets a comparison of two values holds. */
export type Compares = (fact: unknown, value: unknown) => Extent;

/** A prefix of an operator that changes what it compares, as in `someValue:cidr`. */
export interface DecoratorDefinition {
  readonly name: string;
  readonly description: string;
  readonly decorate: (fact: unknown, value: unknown, next: Compares) => Extent;
}

/**
 * The decorators of json-rules-engine, with one difference: if a value is missing, or is not a list
 * where one is needed, the comparison is false, even with `not`.
 */
export const DECORATORS: readonly DecoratorDefinition[] = [
  {
    name: 'not',
    description: 'Holds when the operator does not, and the values exist.',
    decorate: (fact, value, next) =>
      value !== undefined && (fact !== undefined || value === null)
        ? negated(next(fact, value))
        : 'none',
  },
  {
    name: 'someFact',
    description: "Holds when the operator holds for one item of the fact's list.",
    decorate: (fact, value, next) => someItem(fact, (item) => next(item, value)),
  },
  {
    name: 'everyFact',
    description:
      "Holds when the operator holds for each item of the fact's list, and for an empty list.",
    decorate: (fact, value, next) => everyItem(fact, (item) => next(item, value)),
  },
  {
    name: 'someValue',
    description: 'Holds when the operator holds for one of the listed values.',
    decorate: (fact, value, next) => someItem(value, (item) => next(fact, item)),
  },
  {
    name: 'everyValue',
    description: 'Holds when the operator holds for each of the listed values.',
    decorate: (fact, value, next) => everyItem(value, (item) => next(fact, item)),
  },
  {
    name: 'swap',
    description: 'Compares the second fact with the first.',
    decorate: (fact, value, next) => next(value, fact),
  },
];

/** An operator with its decorators, outermost first. */
export interface DecoratedOperator {
  readonly decorators: readonly DecoratorDefinition[];
  readonly operator: OperatorDefinition;
}

/** Maximum of decorators of an operator; one or two are usual. */
const MAX_DECORATORS = 4;

/** Parses an operator with optional decorators; undefined if a name is unknown. */
export function decoratedOperator(name: string): DecoratedOperator | undefined {
  const words = name.split(':');
  const operator = operatorNamed(words.pop() ?? '');
  const decorators = words.flatMap((word) => DECORATORS.filter((d) => d.name === word));
  if (operator === undefined || decorators.length !== words.length) return undefined;
  return words.length > MAX_DECORATORS ? undefined : { decorators, operator };
}

/** A comparison with the decorators applied. */
export function decorated(
  decorators: readonly DecoratorDefinition[],
  compares: Compares,
): Compares {
  return decorators.reduceRight<Compares>(
    (next, { decorate }) =>
      (fact, value) =>
        decorate(fact, value, next),
    compares,
  );
}

/** A decorator for comparisons of two values that are known. */
export function decorateHolds({ decorate }: DecoratorDefinition) {
  return (fact: unknown, value: unknown, next: Holds): boolean =>
    decorate(fact, value, (f, v) => forAllPackets(next(f, v))) === 'all';
}

function someItem(list: unknown, each: (item: unknown) => Extent): Extent {
  if (list === UNKNOWN) return 'some';
  return Array.isArray(list) ? maxExtent(list.map(each)) : 'none';
}

function everyItem(list: unknown, each: (item: unknown) => Extent): Extent {
  if (list === UNKNOWN) return 'some';
  return Array.isArray(list) ? minExtent(list.map(each)) : 'none';
}
