import type { FactType } from './fact.ts';

/** What stands on the right of an operator. */
export type OperandKind = 'same' | 'number' | 'list' | 'element';

/** One operator of conditions. */
export interface OperatorDefinition {
  readonly name: string;
  readonly description: string;
  /** Types of facts it can look at. */
  readonly facts: readonly FactType[];
  /** `same`: the fact's type or null; `list`: values of the fact's type; `element`: one of it. */
  readonly operand: OperandKind;
  /** The operator that holds exactly where this one does not, among values that are there. */
  readonly opposite: string;
  /** `fact` is undefined when the flow or node has no such value; so is `value` of another fact. */
  readonly holds: (fact: unknown, value: unknown) => boolean;
}

/**
 * The operators of json-rules-engine, with one difference: a value that is missing (undefined)
 * makes every comparison false, the negative ones too. Being missing can be asked for with
 * `equal null` and `notEqual null`.
 */
export const OPERATORS: readonly OperatorDefinition[] = [
  {
    name: 'equal',
    description: 'Is the same. `equal null`: the flow or node has no such value.',
    facts: ['number', 'string', 'boolean'],
    operand: 'same',
    opposite: 'notEqual',
    holds: (fact, value) => (fact === undefined ? value === null : fact === value),
  },
  {
    name: 'notEqual',
    description: 'Is there and differs. `notEqual null`: there is such a value.',
    facts: ['number', 'string', 'boolean'],
    operand: 'same',
    opposite: 'equal',
    holds: (fact, value) => fact !== undefined && value !== undefined && fact !== value,
  },
  {
    name: 'lessThan',
    description: 'Is a smaller number.',
    facts: ['number'],
    operand: 'number',
    opposite: 'greaterThanInclusive',
    holds: (fact, value) => typeof fact === 'number' && typeof value === 'number' && fact < value,
  },
  {
    name: 'lessThanInclusive',
    description: 'Is a smaller number or the same.',
    facts: ['number'],
    operand: 'number',
    opposite: 'greaterThan',
    holds: (fact, value) => typeof fact === 'number' && typeof value === 'number' && fact <= value,
  },
  {
    name: 'greaterThan',
    description: 'Is a larger number.',
    facts: ['number'],
    operand: 'number',
    opposite: 'lessThanInclusive',
    holds: (fact, value) => typeof fact === 'number' && typeof value === 'number' && fact > value,
  },
  {
    name: 'greaterThanInclusive',
    description: 'Is a larger number or the same.',
    facts: ['number'],
    operand: 'number',
    opposite: 'lessThan',
    holds: (fact, value) => typeof fact === 'number' && typeof value === 'number' && fact >= value,
  },
  {
    name: 'in',
    description: 'Is one of a list.',
    facts: ['number', 'string'],
    operand: 'list',
    opposite: 'notIn',
    holds: (fact, value) => fact !== undefined && Array.isArray(value) && value.includes(fact),
  },
  {
    name: 'notIn',
    description: 'Is there and none of a list.',
    facts: ['number', 'string'],
    operand: 'list',
    opposite: 'in',
    holds: (fact, value) => fact !== undefined && Array.isArray(value) && !value.includes(fact),
  },
  {
    name: 'contains',
    description: 'Is a list that has the value.',
    facts: ['strings'],
    operand: 'element',
    opposite: 'doesNotContain',
    holds: (fact, value) => Array.isArray(fact) && value !== undefined && fact.includes(value),
  },
  {
    name: 'doesNotContain',
    description: 'Is a list that does not have the value.',
    facts: ['strings'],
    operand: 'element',
    opposite: 'contains',
    holds: (fact, value) => Array.isArray(fact) && value !== undefined && !fact.includes(value),
  },
];

const BY_NAME: ReadonlyMap<string, OperatorDefinition> = new Map(OPERATORS.map((o) => [o.name, o]));

/** The operator called `name`, undefined when there is none. */
export function operatorNamed(name: string): OperatorDefinition | undefined {
  return BY_NAME.get(name);
}
