import type { FactType } from '../model/fact.ts';
import { compilePattern, PatternCache } from './pattern.ts';
import { containsSubnet, parseSubnet } from '../model/subnet.ts';

/**
 * Kind of the right operand. `same`: the fact's type or null; `number`; `list`: values of the
 * fact's type; `element`: an element of the fact's list; `range`: two numbers; `subnet`: a subnet
 * or a list of them; `pattern`: a regular expression; `change`: a number per second.
 */
export type OperandKind =
  | 'same'
  | 'number'
  | 'list'
  | 'element'
  | 'range'
  | 'subnet'
  | 'pattern'
  | 'change';

/** An operator of the catalogue. */
export interface OperatorDefinition {
  readonly name: string;
  readonly description: string;
  /** Types of facts that it can compare. */
  readonly facts: readonly FactType[];
  readonly operand: OperandKind;
  /**
   * The operator that holds for exactly the existing values for which this one does not, if
   * such an operator exists.
   */
  readonly opposite?: string;
  /** A missing fact is undefined, on either side. */
  readonly holds: Holds;
  /** Creates a faster `holds` that remembers what it computed from values, for one comparison. */
  readonly remembering?: () => Holds;
}

/** Whether a comparison of two values holds. */
export type Holds = (fact: unknown, value: unknown) => boolean;

/**
 * The operators of json-rules-engine and additional ones, with one difference: a missing value
 * (undefined) makes every comparison false, including negative ones. `equal null` and
 * `notEqual null` test whether a value is missing.
 */
export const OPERATORS: readonly OperatorDefinition[] = [
  {
    name: 'equal',
    description: 'Is equal. `equal null`: there is no such value, or it is not known.',
    facts: ['number', 'string', 'boolean'],
    operand: 'same',
    opposite: 'notEqual',
    holds: (fact, value) => (fact === undefined ? value === null : fact === value),
  },
  {
    name: 'notEqual',
    description: 'Exists and differs. `notEqual null`: there is such a value, and it is known.',
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
    description: 'Is a smaller or equal number.',
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
    description: 'Is a larger or equal number.',
    facts: ['number'],
    operand: 'number',
    opposite: 'lessThan',
    holds: (fact, value) => typeof fact === 'number' && typeof value === 'number' && fact >= value,
  },
  {
    name: 'in',
    description: 'Is in a list.',
    facts: ['number', 'string'],
    operand: 'list',
    opposite: 'notIn',
    holds: (fact, value) => fact !== undefined && Array.isArray(value) && value.includes(fact),
  },
  {
    name: 'notIn',
    description: 'Exists and is not in a list.',
    facts: ['number', 'string'],
    operand: 'list',
    opposite: 'in',
    holds: (fact, value) => fact !== undefined && Array.isArray(value) && !value.includes(fact),
  },
  {
    name: 'contains',
    description: 'Is a list that contains the value.',
    facts: ['strings'],
    operand: 'element',
    opposite: 'doesNotContain',
    holds: (fact, value) => Array.isArray(fact) && value !== undefined && fact.includes(value),
  },
  {
    name: 'doesNotContain',
    description: 'Is a list that does not contain the value.',
    facts: ['strings'],
    operand: 'element',
    opposite: 'contains',
    holds: (fact, value) => Array.isArray(fact) && value !== undefined && !fact.includes(value),
  },
  {
    name: 'between',
    description: 'Is a number in a range, both ends included: `[low, high]`.',
    facts: ['number'],
    operand: 'range',
    opposite: 'notBetween',
    holds: (fact, value) => typeof fact === 'number' && inRange(fact, value) === true,
  },
  {
    name: 'notBetween',
    description: 'Is a number outside a range: `[low, high]`.',
    facts: ['number'],
    operand: 'range',
    opposite: 'between',
    holds: (fact, value) => typeof fact === 'number' && inRange(fact, value) === false,
  },
  {
    name: 'cidr',
    description: 'Is an address inside a subnet, or inside one of a list of subnets.',
    facts: ['string'],
    operand: 'subnet',
    opposite: 'notCidr',
    holds: (fact, value) => inSubnet(fact, value) === true,
  },
  {
    name: 'notCidr',
    description: 'Is an address that is not inside a subnet, nor inside one of a list.',
    facts: ['string'],
    operand: 'subnet',
    opposite: 'cidr',
    holds: (fact, value) => inSubnet(fact, value) === false,
  },
  {
    name: 'matches',
    description: 'Is a string that matches a regular expression (RE2).',
    facts: ['string'],
    operand: 'pattern',
    opposite: 'doesNotMatch',
    holds: (fact, value) => matches(fact, value, compilePattern) === true,
    remembering: () => {
      const compiled = new PatternCache();
      return (fact, value) => matches(fact, value, (pattern) => compiled.get(pattern)) === true;
    },
  },
  {
    name: 'doesNotMatch',
    description: 'Is a string that does not match a regular expression (RE2).',
    facts: ['string'],
    operand: 'pattern',
    opposite: 'matches',
    holds: (fact, value) => matches(fact, value, compilePattern) === false,
    remembering: () => {
      const compiled = new PatternCache();
      return (fact, value) => matches(fact, value, (pattern) => compiled.get(pattern)) === false;
    },
  },
  {
    name: 'risesFasterThan',
    description: 'Increased since the last tick by more than this per second.',
    facts: ['number'],
    operand: 'change',
    holds: (change, value) =>
      typeof change === 'number' && typeof value === 'number' && change > value,
  },
  {
    name: 'fallsFasterThan',
    description: 'Decreased since the last tick by more than this per second.',
    facts: ['number'],
    operand: 'change',
    holds: (change, value) =>
      typeof change === 'number' && typeof value === 'number' && change < -value,
  },
];

const BY_NAME: ReadonlyMap<string, OperatorDefinition> = new Map(OPERATORS.map((o) => [o.name, o]));

/** Finds an operator by name; undefined if unknown. */
export function operatorNamed(name: string): OperatorDefinition | undefined {
  return BY_NAME.get(name);
}

/** The equivalent operator with the sides exchanged. */
export const MIRRORED: ReadonlyMap<string, string> = new Map([
  ['equal', 'equal'],
  ['notEqual', 'notEqual'],
  ['lessThan', 'greaterThan'],
  ['lessThanInclusive', 'greaterThanInclusive'],
  ['greaterThan', 'lessThan'],
  ['greaterThanInclusive', 'lessThanInclusive'],
]);

function inRange(fact: number, value: unknown): boolean | undefined {
  if (!Array.isArray(value)) return undefined;
  const [low, high]: unknown[] = value;
  if (typeof low !== 'number' || typeof high !== 'number') return undefined;
  return fact >= low && fact <= high;
}

function inSubnet(fact: unknown, value: unknown): boolean | undefined {
  const inner = typeof fact === 'string' ? parseSubnet(fact) : undefined;
  if (inner === undefined || value === undefined) return undefined;
  const subnets: unknown[] = Array.isArray(value) ? value : [value];
  return subnets.some((text) => {
    const outer = typeof text === 'string' ? parseSubnet(text) : undefined;
    return outer !== undefined && containsSubnet(outer, inner);
  });
}

function matches(
  fact: unknown,
  value: unknown,
  compiled: (pattern: string) => (text: string) => boolean,
): boolean | undefined {
  if (typeof fact !== 'string' || typeof value !== 'string') return undefined;
  return compiled(value)(fact);
}
