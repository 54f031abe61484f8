import type { FactReference } from './condition.ts';
import type { FactDefinition, FactLookup, FactParams, FlowView } from './fact.ts';
import { memberOf } from './linear-function.ts';
import { type Known, UNKNOWN } from './possible.ts';

/** What is known about a fact of the view's flow: a {@link Known}, or a member of an object. */
export function knownValue(
  fact: FactDefinition,
  view: FlowView,
  params: FactParams,
  path: string | undefined,
): unknown {
  return fact.possible === undefined
    ? knownResult(fact, fact.read(view, params), path)
    : fact.possible(view, params);
}

/** What is known about a fact, given the result of reading or querying it. */
export function knownResult(
  fact: FactDefinition,
  result: unknown,
  path: string | undefined,
): unknown {
  const value = memberOf(result, path);
  return value === undefined && fact.unknown !== undefined ? UNKNOWN : value;
}

/** Reader of {@link knownValue} for a reference; a fact that does not exist has no value. */
export function knownReader(
  { fact: name, params = {}, path }: FactReference,
  factNamed: FactLookup,
): (view: FlowView) => unknown {
  const fact = factNamed(name);
  return fact === undefined ? () => undefined : (view) => knownValue(fact, view, params, path);
}

/** The value if it is a single known one, otherwise undefined. */
export function certainValue(known: Known): Exclude<Known, symbol | object> | undefined {
  return typeof known === 'object' || typeof known === 'symbol' ? undefined : known;
}
