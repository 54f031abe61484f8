import { FlowTable } from '../../../engine/model/flow-table.ts';
import { ConditionCompiler } from '../../../policy/compiled/condition-compiler.ts';
import { Chunk } from '../../../policy/compiled/row-condition.ts';
import { TickColumns } from '../../../policy/compiled/tick-columns.ts';
import type { RootCondition } from '../../../policy/model/condition.ts';
import type { Needed } from '../../../policy/model/extent.ts';
import { FlowView } from '../../../policy/model/fact.ts';
import type { PolicySet } from '../../../policy/model/policy-set.ts';
import { PolicyMemory } from '../../../policy/state/policy-memory.ts';
import { DECLARED_SLICES, Dice, randomContext, randomPorts, readFlows } from './random-scene.ts';

/** Policies without rules, and with the slices of {@link DECLARED_SLICES}. */
export const NO_RULES: PolicySet = {
  policies: [],
  rules: [],
  nodeRules: [],
  facts: [],
  slices: DECLARED_SLICES,
  schedules: [],
  revision: '',
};

/** A table of the flows generated from `seeds`, on a node generated from `seed`. */
export async function sceneOf(seeds: readonly number[], seed: number) {
  const dice = new Dice(seed);
  const table = new FlowTable();
  readFlows(table, 1000, seeds);
  const context = randomContext(dice, 1000, randomPorts(dice));
  const memory = new PolicyMemory(NO_RULES);
  await memory.update(table, context);
  const view = new FlowView(table, context, memory);
  return { view, memory, rows: Array.from(table.rows.subarray(0, table.count)) };
}

/** Verdicts of `rules` on each row, a string of 0 and 1 per rule. */
export function compiledVerdicts(
  { view, memory }: { readonly view: FlowView; readonly memory: PolicyMemory },
  rules: readonly RootCondition[],
  needed: Needed,
  rows: readonly number[],
): string[] {
  const { factNamed, columns, keys } = memory;
  const chunk = new Chunk(rows.length);
  const compiler = new ConditionCompiler(factNamed, new TickColumns(columns, keys, chunk));
  const conditions = rules.map((rule) => compiler.compile(rule, needed));
  const place = new Map(rows.map((row, i) => [row, i]));
  chunk.load(Int32Array.from(rows), 0, rows.length);
  return conditions.map((condition) => {
    const verdicts = new Uint8Array(rows.length);
    const forAll = condition.prepare(view);
    if (forAll !== undefined) return verdicts.fill(forAll ? 1 : 0).join('');
    const end = condition.split(chunk.rows, 0, chunk.count);
    for (let i = 0; i < end; i++) verdicts[place.get(chunk.rows[i]) ?? -1] = 1;
    return verdicts.join('');
  });
}
