import type { SchemaError } from '../text/schema-problems.ts';

/** Removed keys, and why they were removed. */
const RETIRED: ReadonlyMap<string, string> = new Map([
  [
    'rules',
    '"rules" limited the time for evaluating policies ("budgetMs"), which is no longer needed: ' +
      'compiled rules evaluate every flow in every tick; remove it',
  ],
  ['planner.hysteresis', 'the planner computes "hysteresis" from the gain of each swap; remove it'],
]);

/** Messages for schema errors of the configuration, where the general ones are not helpful. */
export function configWords({ error, path, name, shown }: SchemaError): string | undefined {
  // All patterns of the schema are for absolute paths.
  if (error.keyword === 'pattern') return `${name} must be an absolute path, not ${shown}`;
  if (error.keyword !== 'additionalProperties') return undefined;
  return RETIRED.get([...path, error.params.additionalProperty].join('.'));
}
