import { FlowTable } from '../../../../engine/model/flow-table.ts';
import { CompiledEvaluator } from '../../../../policy/compiled/compiled-evaluator.ts';
import { parsePolicies } from '../../../../policy/parse/parse-policies.ts';
import { read } from '../../../support/flows.ts';
import { collectUntil } from '../../../support/garbage.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { contextOf, never, policyText, rule } from '../../fixture.ts';

/** Uses every kind of state: match facts, derived columns, rates of change and ranks. */
const POLICY = policyText([
  rule('kept', {
    any: [
      { fact: 'inPort', operator: 'equal', value: 'vm1' },
      { fact: 'ageMs', operator: 'greaterThanInclusive', value: 0 },
      { fact: 'quietMs', operator: 'greaterThanInclusive', value: 0 },
      { fact: 'packetsPerSecond', operator: 'fallsFasterThan', value: 1e9 },
      { fact: 'sliceRank', operator: 'greaterThan', value: 0 },
    ],
  }),
]);
const REPLACED = 20;

const table = new FlowTable();
read(table, 0, [{ n: 1 }, { n: 2 }]);

async function evaluate(): Promise<CompiledEvaluator> {
  const evaluator = new CompiledEvaluator(parsePolicies([{ file: 'p.json', text: POLICY }]), {
    clock: new ManualClock(),
    pause: () => Promise.resolve(),
  });
  await evaluator.evaluate(table, contextOf(), never());
  return evaluator;
}

const inForce = await evaluate();
const ofOne = table.sideTables.size;
for (let i = 0; i < REPLACED; i++) await evaluate();
const ofAll = table.sideTables.size;
await collectUntil(() => table.sideTables.size === ofOne);
const collected = table.sideTables.size;
await inForce.evaluate(table, contextOf(), never());
const afterwards = table.sideTables.size;
process.stdout.write(JSON.stringify({ ofOne, ofAll, collected, afterwards }));
