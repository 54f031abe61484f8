import { knownValue } from '../model/known-value.ts';
import { type FactReference, isFactReference } from '../model/condition.ts';
import type {
  FactColumn,
  FactDefinition,
  FactLookup,
  FactParams,
  FlowView,
} from '../model/fact.ts';

/** Source of the values on one side of a comparison. */
export type SideSource =
  | FactColumn
  /** One value for all flows and ticks. */
  | { readonly kind: 'constant' }
  /** One value for all flows of a tick. */
  | { readonly kind: 'node' }
  /** Read for each flow in each tick. */
  | { readonly kind: 'row' };

/** One side of a comparison: a fact or a constant. */
export interface Side {
  readonly source: SideSource;
  /** Parameters of the fact. */
  readonly params: FactParams;
  /** Identifies the fact and its parameters; empty for a constant. */
  readonly id: string;
  /** True if its values are numbers or missing. */
  readonly number: boolean;
  /** True if there is not always a value. */
  readonly missing: boolean;
  /** True if its value is not always known. */
  readonly unknown: boolean;
  /** What is known about the value for the view's flow: see `Known` in `policy/model`. */
  readonly read: (view: FlowView) => unknown;
}

/** A side that is a fact; undefined if the fact is unknown. */
export function factSide(reference: FactReference, factNamed: FactLookup): Side | undefined {
  const fact = factNamed(reference.fact);
  if (fact === undefined) return undefined;
  const { params = {}, path } = reference;
  return {
    source: sourceOf(fact),
    params,
    id: JSON.stringify([fact.name, params]),
    number: fact.type === 'number' || fact.type === 'object',
    missing: fact.missing !== undefined,
    unknown: fact.unknown !== undefined,
    read: (view) => knownValue(fact, view, params, path),
  };
}

/** The right side of a comparison; undefined if it is an unknown fact. */
export function valueSide(value: unknown, factNamed: FactLookup): Side | undefined {
  if (isFactReference(value)) return factSide(value, factNamed);
  return {
    source: { kind: 'constant' },
    params: {},
    id: '',
    number: typeof value === 'number',
    missing: false,
    unknown: false,
    read: () => value,
  };
}

/** True if it has one value for all flows of a tick. */
export function sameForAll(side: Side): boolean {
  return side.source.kind === 'node' || side.source.kind === 'constant';
}

function sourceOf(fact: FactDefinition): SideSource {
  if (fact.scope === 'node') return { kind: 'node' };
  return fact.column ?? { kind: 'row' };
}
