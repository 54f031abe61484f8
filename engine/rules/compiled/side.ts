import { memberOf } from '../amount.ts';
import { type FactReference, isFactReference } from '../condition.ts';
import type { FactLookup, FlowView } from '../fact.ts';
import { type FactSource, sourceOf } from './fact-sources.ts';

/** One side of a comparison: a fact or a constant, and how its value is had. */
export interface Side {
  readonly source: FactSource | { readonly kind: 'constant' };
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
    source: sourceOf(fact, params),
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
    id: '',
    number: typeof value === 'number',
    read: () => value,
  };
}

/** It has one value for all flows, for one tick at least. */
export function sameForAll(side: Side): boolean {
  return side.source.kind === 'node' || side.source.kind === 'constant';
}
