import type { FactParams } from './fact.ts';

/** Where something stands in its policy's file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A value of another fact, to compare with. */
export interface FactReference {
  readonly fact: string;
  readonly params?: FactParams;
  readonly path?: string;
}

/** One fact compared with a value or with another fact. */
export interface Comparison extends FactReference {
  readonly operator: string;
  readonly value: unknown;
  readonly name?: string;
  readonly priority?: number;
  /** Where it was written; shared conditions keep the place where they are declared. */
  readonly at?: Place;
}

/** Holds when every one of `all` holds. */
export interface AllOf {
  readonly all: readonly Condition[];
  readonly name?: string;
  readonly priority?: number;
  /** Where it was written; shared conditions keep the place where they are declared. */
  readonly at?: Place;
}

/** Holds when at least one of `any` holds. */
export interface AnyOf {
  readonly any: readonly Condition[];
  readonly name?: string;
  readonly priority?: number;
  /** Where it was written; shared conditions keep the place where they are declared. */
  readonly at?: Place;
}

/** Holds when `not` does not. */
export interface NotOf {
  readonly not: Condition;
  readonly name?: string;
  readonly priority?: number;
  /** Where it was written; shared conditions keep the place where they are declared. */
  readonly at?: Place;
}

/**
 * Conditions as json-rules-engine takes them, ready to be evaluated: references to shared
 * conditions are replaced by what they refer to, and quantities with units are numbers in the
 * fact's unit.
 */
export type Condition = AllOf | AnyOf | NotOf | Comparison;

/** What a rule's `conditions` can be: json-rules-engine wants no bare comparison there. */
export type RootCondition = AllOf | AnyOf | NotOf;

/** True for what names a fact, well-formed; of a comparison's value: true when it is another fact. */
export function isFactReference(value: unknown): value is FactReference {
  return (
    typeof value === 'object' &&
    value !== null &&
    'fact' in value &&
    typeof value.fact === 'string' &&
    (!('path' in value) || typeof value.path === 'string') &&
    (!('params' in value) || (typeof value.params === 'object' && value.params !== null))
  );
}

/** `portLoad(eth1).rxShare`: the fact with what it is asked. */
export function factLabel({ fact, params, path }: FactReference): string {
  const asked = params === undefined ? '' : `(${Object.values(params).join(', ')})`;
  return `${fact}${asked}${path?.slice(1) ?? ''}`;
}
