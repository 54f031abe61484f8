import type { FactLookup, FactParams, FactValue, FlowView } from './fact.ts';

/** A number that follows a fact: `fact * times + plus`, kept from `atLeast` to `atMost`. */
export interface FollowedFact {
  readonly kind: 'fact';
  readonly fact: string;
  readonly params?: FactParams;
  readonly path?: string;
  /** 1 when left out. */
  readonly times?: number;
  /** 0 when left out. */
  readonly plus?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** What a score is taken from. */
export type ScoreSource = FollowedFact | { readonly kind: 'number'; readonly value: number };

/**
 * True when a score is the flow's forecast worth as it is. One that is worked out of it, or kept
 * within bounds, is the rule's own, also where it comes out the same.
 */
export function isWorth(source: ScoreSource): boolean {
  if (source.kind !== 'fact' || source.fact !== 'worth' || source.path !== undefined) return false;
  const { times = 1, plus = 0, atLeast, atMost } = source;
  return times === 1 && plus === 0 && atLeast === undefined && atMost === undefined;
}

/** What a node rule gives a fact. */
export type GivenValue =
  | FollowedFact
  | { readonly kind: 'value'; readonly value: number | string | boolean };

/** The number that `source` stands for in the flow that `view` looks at; undefined: not known. */
export function followedNumber(
  source: FollowedFact,
  view: FlowView,
  factNamed: FactLookup,
): number | undefined {
  const read = memberOf(factNamed(source.fact)?.read(view, source.params ?? {}), source.path);
  if (typeof read !== 'number') return undefined;
  const value = read * (source.times ?? 1) + (source.plus ?? 0);
  const high = source.atMost ?? Number.POSITIVE_INFINITY;
  return Math.max(source.atLeast ?? Number.NEGATIVE_INFINITY, Math.min(high, value));
}

/** A fact's value, or the member of it that `path` names as `$.member`. */
export function memberOf(value: FactValue, path: string | undefined): unknown {
  if (path === undefined) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => `$.${key}` === path)?.[1];
}
