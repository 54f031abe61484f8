import { type OperatorDefinition, operatorNamed } from './operators.ts';

/** Whether a comparison of two values holds. */
type Holds = (fact: unknown, value: unknown) => boolean;

/** A prefix of an operator that changes what it compares, as in `someValue:cidr`. */
export interface DecoratorDefinition {
  readonly name: string;
  readonly description: string;
  readonly decorate: (fact: unknown, value: unknown, next: Holds) => boolean;
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
      value !== undefined && (fact !== undefined || value === null) && !next(fact, value),
  },
  {
    name: 'someFact',
    description: "Holds when the operator holds for one item of the fact's list.",
    decorate: (fact, value, next) => Array.isArray(fact) && fact.some((f) => next(f, value)),
  },
  {
    name: 'everyFact',
    description:
      "Holds when the operator holds for each item of the fact's list, and for an empty list.",
    decorate: (fact, value, next) => Array.isArray(fact) && fact.every((f) => next(f, value)),
  },
  {
    name: 'someValue',
    description: 'Holds when the operator holds for one of the listed values.',
    decorate: (fact, value, next) => Array.isArray(value) && value.some((v) => next(fact, v)),
  },
  {
    name: 'everyValue',
    description: 'Holds when the operator holds for each of the listed values.',
    decorate: (fact, value, next) => Array.isArray(value) && value.every((v) => next(fact, v)),
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

/** The comparison of an operator with its decorators. */
export function holdsOf({ decorators, operator }: DecoratedOperator): Holds {
  return decorators.reduceRight<Holds>(
    (next, { decorate }) =>
      (fact, value) =>
        decorate(fact, value, next),
    operator.holds,
  );
}
