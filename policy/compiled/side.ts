import { memberOf } from '../model/amount.ts';
import { type FactReference, isFactReference } from '../model/condition.ts';
import type {
  FactColumn,
  FactDefinition,
  FactLookup,
  FactParams,
  FlowView,
} from '../model/fact.ts';

/** How one side of a comparison gets its values. */
export type SideSource =
  | FactColumn
  /** The same for all flows, always. */
  | { readonly kind: 'constant' }
  /** One value for all flows, for one tick. */
  | { readonly kind: 'node' }
  /** Read flow by flow, in every tick. */
  | { readonly kind: 'row' };

/** One side of a comparison: a fact or a constant, and how its value is had. */
export interface Side {
  readonly source: SideSource;
  /** Parameters of the fact. */
  readonly params: FactParams;
  /** What it reads, the same for two sides that read the same; empty for a constant. */
  readonly id: string;
  /** Its value, when there is one, is a number. */
  readonly number: boolean;
  /** The value for the flow that `view` looks at. */
  readonly read: (view: FlowView) => unknown;
}

/** The side that is the fact of a comparison, or of its value; undefined: no such fact. */
export function factSide(reference: FactReference, factNamed: FactLookup): Side | undefined {
  const fact = factNamed(reference.fact);
  if (fact === undefined) return undefined;
  const { params = {}, path } = reference;
  return {
    source: sourceOf(fact),
    params,
    id: JSON.stringify([fact.name, params]),
    number: fact.type === 'number' || fact.type === 'object',
    read:
      path === undefined
        ? (view) => fact.read(view, params)
        : (view) => memberOf(fact.read(view, params), path),
  };
}

/** The side that is the value of a comparison; undefined: a fact that does not exist. */
export function valueSide(value: unknown, factNamed: FactLookup): Side | undefined {
  if (isFactReference(value)) return factSide(value, factNamed);
  return {
    source: { kind: 'constant' },
    params: {},
    id: '',
    number: typeof value === 'number',
    read: () => value,
  };
}

/** It has one value for all flows, for one tick at least. */
export function sameForAll(side: Side): boolean {
  return side.source.kind === 'node' || side.source.kind === 'constant';
}

function sourceOf(fact: FactDefinition): SideSource {
  if (fact.scope === 'node') return { kind: 'node' };
  return fact.column ?? { kind: 'row' };
}
