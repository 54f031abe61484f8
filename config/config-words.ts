import type { SchemaError } from '../text/schema-problems.ts';

/** Keys that there were once, and why they are gone. */
const RETIRED: ReadonlyMap<string, string> = new Map([
  [
    'rules',
    '"rules" set a time for evaluating policies ("budgetMs"), which needs none any more: ' +
      'rules are compiled and look at every flow in every tick; remove it',
  ],
  ['planner.hysteresis', 'the planner computes "hysteresis" from the gain of each swap; remove it'],
]);

/** What the schema of the configuration cannot say itself. */
export function configWords({ error, path, name, shown }: SchemaError): string | undefined {
  // All patterns of the schema ask for an absolute path.
  if (error.keyword === 'pattern') return `${name} must be an absolute path, not ${shown}`;
  if (error.keyword !== 'additionalProperties') return undefined;
  return RETIRED.get([...path, error.params.additionalProperty].join('.'));
}
