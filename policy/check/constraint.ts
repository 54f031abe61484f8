import { type Comparison, isFactReference } from '../model/condition.ts';

/**
 * Constraint of a comparison with a literal on its fact: missing, existing, one of some values,
 * none of some values, or within bounds.
 */
export type Constraint =
  | { readonly kind: 'missing' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'in'; readonly values: readonly unknown[] }
  | { readonly kind: 'notIn'; readonly values: readonly unknown[] }
  | Bounds;

/** From `low` to `high`; an open end is excluded. */
export interface Bounds {
  readonly kind: 'bounds';
  readonly low: number;
  readonly lowOpen: boolean;
  readonly high: number;
  readonly highOpen: boolean;
}

const EVERYTHING: Bounds = {
  kind: 'bounds',
  low: Number.NEGATIVE_INFINITY,
  lowOpen: false,
  high: Number.POSITIVE_INFINITY,
  highOpen: false,
};

/** Constraint of a comparison; undefined for other operators and for comparisons of two facts. */
export function constraintOf({ operator, value }: Comparison): Constraint | undefined {
  if (isFactReference(value)) return undefined;
  switch (operator) {
    case 'equal':
      return value === null ? { kind: 'missing' } : { kind: 'in', values: [value] };
    case 'notEqual':
      return value === null ? { kind: 'exists' } : { kind: 'notIn', values: [value] };
    case 'in':
      return Array.isArray(value) ? { kind: 'in', values: value } : undefined;
    case 'notIn':
      return Array.isArray(value) ? { kind: 'notIn', values: value } : undefined;
    case 'between': {
      const [low, high]: unknown[] = Array.isArray(value) ? value : [];
      if (typeof low !== 'number' || typeof high !== 'number') return undefined;
      return { ...EVERYTHING, low, high };
    }
    default:
      return typeof value === 'number' ? boundOf(operator, value) : undefined;
  }
}

function boundOf(operator: string, value: number): Bounds | undefined {
  switch (operator) {
    case 'lessThan':
      return { ...EVERYTHING, high: value, highOpen: true };
    case 'lessThanInclusive':
      return { ...EVERYTHING, high: value };
    case 'greaterThan':
      return { ...EVERYTHING, low: value, lowOpen: true };
    case 'greaterThanInclusive':
      return { ...EVERYTHING, low: value };
    default:
      return undefined;
  }
}

/** Identifies the fact of a comparison with its parameters and path. */
export function keyOf({ fact, params, path }: Comparison): string {
  return JSON.stringify([fact, params ?? {}, path ?? '']);
}

/** True if a value can meet both. */
export function compatible(a: Constraint, b: Constraint): boolean {
  if (a.kind === 'missing' || b.kind === 'missing') return a.kind === b.kind;
  if (a.kind === 'exists' || b.kind === 'exists') return true;
  if (a.kind === 'in') return a.values.some((v) => admits(b, v));
  if (b.kind === 'in') return b.values.some((v) => admits(a, v));
  if (a.kind === 'notIn' || b.kind === 'notIn') return true;
  return overlap(a, b);
}

/** True if every value that meets `premise` meets `goal`. */
export function constraintImplies(premise: Constraint, goal: Constraint): boolean {
  if (goal.kind === 'missing' || premise.kind === 'missing') return goal.kind === premise.kind;
  if (goal.kind === 'exists') return true;
  if (premise.kind === 'exists') return false;
  if (premise.kind === 'in') return premise.values.every((v) => admits(goal, v));
  if (goal.kind === 'in') return false;
  if (goal.kind === 'notIn') return goal.values.every((v) => !admits(premise, v));
  return premise.kind === 'bounds' && within(premise, goal);
}

/** Values within both bounds. */
function intersection(a: Bounds, b: Bounds): Bounds {
  const low = Math.max(a.low, b.low);
  const high = Math.min(a.high, b.high);
  return {
    kind: 'bounds',
    low,
    lowOpen: (a.low === low && a.lowOpen) || (b.low === low && b.lowOpen),
    high,
    highOpen: (a.high === high && a.highOpen) || (b.high === high && b.highOpen),
  };
}

function overlap(a: Bounds, b: Bounds): boolean {
  const both = intersection(a, b);
  return both.low < both.high || (both.low === both.high && !both.lowOpen && !both.highOpen);
}

function within(inner: Bounds, outer: Bounds): boolean {
  const low =
    inner.low > outer.low || (inner.low === outer.low && (!outer.lowOpen || inner.lowOpen));
  const high =
    inner.high < outer.high || (inner.high === outer.high && (!outer.highOpen || inner.highOpen));
  return low && high;
}

/** True if `value` meets the constraint. */
export function admits(constraint: Constraint, value: unknown): boolean {
  switch (constraint.kind) {
    case 'missing':
      return false;
    case 'exists':
      return true;
    case 'in':
      return constraint.values.includes(value);
    case 'notIn':
      return !constraint.values.includes(value);
    case 'bounds':
    default:
      return typeof value === 'number' && liesIn(constraint, value);
  }
}

function liesIn({ low, lowOpen, high, highOpen }: Bounds, value: number): boolean {
  return (
    (value > low || (value === low && !lowOpen)) && (value < high || (value === high && !highOpen))
  );
}
