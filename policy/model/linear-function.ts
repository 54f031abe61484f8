import type { FactLookup, FactParams, FlowView } from './fact.ts';

/** A linear function of a fact: `fact * times + plus`, bounded by `atLeast` and `atMost`. */
export interface LinearFunction {
  readonly kind: 'fact';
  readonly fact: string;
  readonly params?: FactParams;
  readonly path?: string;
  /** Default 1. */
  readonly times?: number;
  /** Default 0. */
  readonly plus?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Source of a score. */
export type ScoreSource = LinearFunction | { readonly kind: 'number'; readonly value: number };

/**
 * True if a score is the flow's forecast worth itself. A function of it, or bounds on it, make a
 * different score, even where the values are equal.
 */
export function isWorth(source: ScoreSource): boolean {
  if (source.kind !== 'fact' || source.fact !== 'worth' || source.path !== undefined) return false;
  const { times = 1, plus = 0, atLeast, atMost } = source;
  return times === 1 && plus === 0 && atLeast === undefined && atMost === undefined;
}

/** Value to which a node rule sets a fact. */
export type SetValue =
  | LinearFunction
  | { readonly kind: 'value'; readonly value: number | string | boolean };

/**
 * Value of the function for the view's flow; undefined if the fact is missing or the result is not
 * a finite number.
 */
export function linearValue(
  source: LinearFunction,
  view: FlowView,
  factNamed: FactLookup,
): number | undefined {
  const read = memberOf(factNamed(source.fact)?.read(view, source.params ?? {}), source.path);
  if (typeof read !== 'number') return undefined;
  const value = read * (source.times ?? 1) + (source.plus ?? 0);
  const high = source.atMost ?? Number.POSITIVE_INFINITY;
  const bounded = Math.max(source.atLeast ?? Number.NEGATIVE_INFINITY, Math.min(high, value));
  return Number.isFinite(bounded) ? bounded : undefined;
}

/** A fact's value, or its member at `path`, written `$.member`. */
export function memberOf(value: unknown, path: string | undefined): unknown {
  if (path === undefined) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => `$.${key}` === path)?.[1];
}
