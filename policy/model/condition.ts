import type { FactParams } from './fact.ts';
import type { Place } from './place.ts';

/** A reference to a fact. */
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
  /** Position in the policy file; of a shared condition, that of its declaration. */
  readonly at?: Place;
}

/** Holds when every one of `all` holds. */
export interface AllOf {
  readonly all: readonly Condition[];
  readonly name?: string;
  readonly priority?: number;
  /** Position in the policy file; of a shared condition, that of its declaration. */
  readonly at?: Place;
}

/** Holds when at least one of `any` holds. */
export interface AnyOf {
  readonly any: readonly Condition[];
  readonly name?: string;
  readonly priority?: number;
  /** Position in the policy file; of a shared condition, that of its declaration. */
  readonly at?: Place;
}

/** Holds when `not` does not. */
export interface NotOf {
  readonly not: Condition;
  readonly name?: string;
  readonly priority?: number;
  /** Position in the policy file; of a shared condition, that of its declaration. */
  readonly at?: Place;
}

/**
 * Conditions in the form of json-rules-engine: references to shared conditions are replaced by
 * the conditions themselves, and quantities by numbers in the fact's unit.
 */
export type Condition = AllOf | AnyOf | NotOf | Comparison;

/** Root of a rule's conditions; json-rules-engine does not accept a comparison as root. */
export type RootCondition = AllOf | AnyOf | NotOf;

/** True for a well-formed reference to a fact, for example as the value of a comparison. */
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

/** A fact with its arguments and member, such as `portLoad(eth1).rxShare`. */
export function factLabel({ fact, params, path }: FactReference): string {
  const args = params === undefined ? '' : `(${Object.values(params).join(', ')})`;
  return `${fact}${args}${path?.slice(1) ?? ''}`;
}
