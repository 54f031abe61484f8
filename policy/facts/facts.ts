import type { FactDefinition } from '../model/fact.ts';
import { CHANGE_FACT } from './change.ts';
import { FORECAST_FACTS } from './forecast.ts';
import { HEADER_FACTS } from './headers.ts';
import { NODE_FACTS } from './node.ts';
import { PLACEMENT_FACTS } from './placement.ts';
import { PORT_FACTS } from './ports.ts';
import { TIME_FACTS } from './time.ts';
import { TRAFFIC_FACTS } from './traffic.ts';

/**
 * The catalogue of facts, without those that policies declare. The checker, the JSON Schema for
 * editors and the evaluators use it.
 */
export const FACTS: readonly FactDefinition[] = [
  ...TRAFFIC_FACTS,
  CHANGE_FACT,
  ...FORECAST_FACTS,
  ...PLACEMENT_FACTS,
  ...PORT_FACTS,
  ...HEADER_FACTS,
  ...NODE_FACTS,
  ...TIME_FACTS,
];

const BY_NAME: ReadonlyMap<string, FactDefinition> = new Map(FACTS.map((f) => [f.name, f]));

/** Finds a fact of the catalogue; undefined if unknown. */
export function factNamed(name: string): FactDefinition | undefined {
  return BY_NAME.get(name);
}

/** Names of the numeric facts without parameters, which can be scores. */
export const NUMERIC_FACTS: readonly string[] = FACTS.filter(
  (f) => f.type === 'number' && f.params === undefined,
).map((f) => f.name);
