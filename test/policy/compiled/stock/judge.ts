import type { Comparison } from './comparisons.ts';
import type { ConditionSpec, RuleSpec } from './documents.ts';
import { operatorHolds, numberOf } from './language.ts';

/*
 * The verdicts that docs/policies.md promises, by trying every packet: a fact has a list of values,
 * one for each kind of packet that the flow can carry. Imports nothing from the policy language.
 */

/** A value that is not known. */
export const UNKNOWN: unique symbol = Symbol('not known');

/** The values that a fact can have. */
export type Values = readonly unknown[];

/** Values of a fact by name, or by name, argument and member. */
export type ValuesOf = (reference: Pick<Comparison, 'fact' | 'params' | 'path'>) => Values;

/** For no packet, for some of them or perhaps, for all packets. */
type Extent = 0 | 1 | 2;

/** Whether a rule holds for a flow: a prohibition if it may apply, a permission only for all packets. */
export function judged(
  rule: RuleSpec,
  shared: Readonly<Record<string, ConditionSpec>>,
  valuesOf: ValuesOf,
): boolean {
  const prohibits = rule.event.type === 'onload' || rule.event.type === 'slow-path';
  return extentOf(rule.conditions, shared, valuesOf) >= (prohibits ? 1 : 2);
}

function extentOf(
  condition: ConditionSpec,
  shared: Readonly<Record<string, ConditionSpec>>,
  valuesOf: ValuesOf,
): Extent {
  const inner = (c: ConditionSpec): Extent => extentOf(c, shared, valuesOf);
  if ('all' in condition) return least(condition.all.map(inner));
  if ('any' in condition) return greatest(condition.any.map(inner));
  if ('not' in condition) return opposite(inner(condition.not));
  if ('condition' in condition) return inner(shared[condition.condition]);
  const { value } = condition;
  const others = isReference(value) ? valuesOf(value) : [value];
  const words = condition.operator.split(':');
  let extent: Extent | undefined;
  for (const fact of valuesOf(condition)) {
    for (const other of others) {
      const one = compared(words, fact, other);
      if (one === 1 || (extent !== undefined && one !== extent)) return 1;
      extent = one;
    }
  }
  return extent ?? 0;
}

/** One comparison of two values. */
function compared(words: readonly string[], fact: unknown, value: unknown): Extent {
  const [word, ...rest] = words;
  const items = (list: unknown, each: (item: unknown) => Extent): readonly Extent[] | undefined =>
    Array.isArray(list) ? list.map(each) : undefined;
  switch (rest.length === 0 ? 'operator' : word) {
    case 'not':
      if (value === undefined || (fact === undefined && value !== null)) return 0;
      return opposite(compared(rest, fact, value));
    case 'swap':
      return compared(rest, value, fact);
    case 'someFact':
      return greatest(items(fact, (item) => compared(rest, item, value)) ?? [0]);
    case 'everyFact':
      return least(items(fact, (item) => compared(rest, item, value)) ?? [0]);
    case 'someValue':
      return greatest(items(value, (item) => compared(rest, fact, item)) ?? [0]);
    case 'everyValue':
      return least(items(value, (item) => compared(rest, fact, item)) ?? [0]);
    default:
      return plain(word, fact, value);
  }
}

function plain(operator: string, fact: unknown, value: unknown): Extent {
  if (value === null)
    return operatorHolds(operator, fact === UNKNOWN ? undefined : fact, null) ? 2 : 0;
  if (fact === undefined || value === undefined) return 0;
  if (fact === UNKNOWN || value === UNKNOWN) return 1;
  return operatorHolds(operator, fact, value) ? 2 : 0;
}

function least(extents: readonly Extent[]): Extent {
  return extents.reduce<Extent>((a, b) => (b < a ? b : a), 2);
}

function greatest(extents: readonly Extent[]): Extent {
  return extents.reduce<Extent>((a, b) => (b > a ? b : a), 0);
}

function opposite(extent: Extent): Extent {
  if (extent === 1) return 1;
  return extent === 0 ? 2 : 0;
}

/** True for a fact, or a comparison of one. */
export function isReference(value: unknown): value is Pick<Comparison, 'fact' | 'params' | 'path'> {
  return typeof value === 'object' && value !== null && 'fact' in value;
}

/** All numbers that a policy compares with, and their neighbours: with them, every bound is tried. */
export function numbersAround(values: readonly unknown[], highest: number): readonly number[] {
  const numbers = values.flatMap((value) => numberOf(value) ?? []);
  const near = numbers.flatMap((n) => [
    Math.floor(n) - 1,
    Math.floor(n),
    Math.ceil(n),
    Math.ceil(n) + 1,
  ]);
  return [...new Set([0, 1, 2, 3, 4, highest, ...near])].filter((n) => n >= 0 && n <= highest);
}
