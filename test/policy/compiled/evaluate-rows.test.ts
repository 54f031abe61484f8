import assert from 'node:assert/strict';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { CompiledEvaluator } from '../../../policy/compiled/compiled-evaluator.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { contextOf, never, portInfo, readInto } from '../fixture.ts';

const PORTS = new Map(
  [portInfo({ name: 'vm1', slice: 'gold' }), portInfo({ name: 'vm2', slice: 'tin' })].map(
    (port) => [port.name, port] as const,
  ),
);

/** Rules on a fact: `offload` above 10, by default. */
function evaluatorOf(fact: string, more: Readonly<Record<string, unknown>> = {}, type = 'offload') {
  const rule = {
    name: 'rule',
    conditions: { all: [{ fact, operator: 'greaterThan', value: 10, ...more }] },
    event: { type },
  };
  const text = JSON.stringify({ name: 'p', version: '1', rules: [rule] });
  const policies = parsePolicies([{ file: 'p.json', text }]);
  return new CompiledEvaluator(policies, { clock: new ManualClock() });
}

/** Adds flow `i` in a partial reading, with a rate. */
function add(table: FlowTable, i: number, inPort: string, packetsPerSecond: number): Int32Array {
  table.beginPartial(1_500);
  const match = { inPort, fields: [], opaque: [] };
  const row = table.add({ w0: 7, w1: 0, w2: 0, w3: i }, match, [{ kind: 'output', port: 'vm2' }]);
  table.observe(row, 1, 100, 0);
  table.rates.packetsPerSecond[row] = packetsPerSecond;
  return table.endPartial();
}

describe('the compiled evaluator, for a few rows', () => {
  const context = contextOf({ nowMs: 1_500, ports: PORTS });
  let table: FlowTable;

  beforeEach(() => {
    table = new FlowTable();
    readInto(table, 1_000, [{ packetsPerSecond: 50 }, { packetsPerSecond: 5 }]);
  });

  it('writes their requests and slices, and leaves those of the others', async () => {
    const evaluator = evaluatorOf('packetsPerSecond');
    await evaluator.evaluate(table, context, never());
    const slices = [...table.decision.slice.subarray(0, 2)];
    table.rates.packetsPerSecond.fill(1, 0, 2);
    const rows = add(table, 2, 'vm2', 20);
    const report = await evaluator.evaluateRows(table, rows, context, never());
    const { requested, slice } = table.decision;
    const { offload, none } = RequestedPlacement;
    assert.deepEqual([...requested.subarray(0, 3)], [offload, none, offload]);
    assert.equal(report?.evaluated, 1);
    assert.deepEqual([...slice.subarray(0, 2)], slices);
    assert.equal(report?.slices?.[slice[2] - 1]?.name, 'tin');
  });

  it('keeps its state: what it knows of changes is as of the last complete evaluation', async () => {
    const evaluator = evaluatorOf('rateOfChange', { params: { of: 'packetsPerSecond' } });
    await evaluator.evaluate(table, context, never());
    table.rates.packetsPerSecond[0] = 100;
    const rows = add(table, 2, 'vm1', 20);
    await evaluator.evaluateRows(table, rows, { ...context, nowMs: 1_600 }, never());
    assert.equal(table.decision.requested[2], RequestedPlacement.none, 'no change is known of it');
    await evaluator.evaluate(table, { ...context, nowMs: 2_500 }, never());
    assert.equal(
      table.decision.requested[0],
      RequestedPlacement.offload,
      '50 packets/s more in 1 s',
    );
  });

  for (const fact of ['sliceRank', 'sliceEntries', 'sliceUse']) {
    it(`decides nothing by ${fact}, which compares flows`, async () => {
      const params = fact === 'sliceUse' ? { params: { slice: 'gold' }, path: '$.flows' } : {};
      const evaluator = evaluatorOf(fact, params, 'onload');
      await evaluator.evaluate(table, context, never());
      const rows = add(table, 2, 'vm1', 20);
      assert.equal(await evaluator.evaluateRows(table, rows, context, never()), undefined);
      assert.equal(table.decision.requested[2], RequestedPlacement.none);
    });
  }
});
