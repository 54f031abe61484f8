import assert from 'node:assert/strict';
import { Engine } from '../../../engine/loop/engine.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { CompiledEvaluator } from '../../../policy/compiled/compiled-evaluator.ts';
import { EvaluatorDisposed } from '../../../policy/model/evaluator-disposed.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import type { FactDefinition } from '../../../policy/model/fact.ts';
import type { FactValue } from '../../../policy/model/fact-value.ts';
import { read } from '../../support/flows.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { contextOf, never, policyText, rule, tableOf } from '../fixture.ts';

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
const RELOADS = 20;

function newEvaluator(): CompiledEvaluator {
  return new CompiledEvaluator(parsePolicies([{ file: 'p.json', text: POLICY }]), {
    clock: new ManualClock(),
    pause: () => Promise.resolve(),
  });
}

/** An engine without backends, and a table with two flows. */
class Scene {
  readonly table = new FlowTable();
  readonly engine: Engine;
  readonly #clock = new ManualClock();

  constructor(evaluator: CompiledEvaluator) {
    this.engine = new Engine({
      evaluator,
      planner: { minHoldMs: 0, operations: { perSecond: 1, burst: 1 } },
      backends: [],
      clock: this.#clock,
      auditMs: 1e9,
    });
  }

  async tick(): Promise<void> {
    this.#clock.advance(500);
    const atMs = this.#clock.now();
    read(this.table, atMs, [{ n: 1 }, { n: 2 }]);
    const { table } = this;
    const node = { hostCpu: undefined, portLoad: new Map() };
    const fresh = { sources: [], flowsFresh: true, fresh: true };
    await this.engine.onTick(
      { sequence: 1, atMs, table, node, ports: new Map(), ...fresh },
      never(),
    );
  }
}

describe('a replaced evaluator', () => {
  it('leaves no side table at the flow table, nor does the last one after the engine closes', async () => {
    const scene = new Scene(newEvaluator());
    const { sideTables } = scene.table;
    await scene.tick();
    const ofOne = sideTables.size;
    assert.ok(ofOne > 0, 'it has side tables');
    for (let i = 0; i < RELOADS; i++) {
      scene.engine.useRules(newEvaluator());
      await scene.tick();
      assert.equal(sideTables.size, ofOne);
    }
    await scene.engine.close('keep');
    assert.equal(sideTables.size, 0);
  });

  it('throws when it is called again, and keeps its rules', async () => {
    const evaluator = newEvaluator();
    const scene = new Scene(evaluator);
    await scene.tick();
    scene.engine.useRules(newEvaluator());
    await scene.tick();
    const { table } = scene;
    const [row] = table.rows;
    await assert.rejects(evaluator.evaluate(table, contextOf(), never()), EvaluatorDisposed);
    await assert.rejects(evaluator.explain(table, row, contextOf()), EvaluatorDisposed);
    assert.throws(() => evaluator.inputs(table, row, contextOf()), EvaluatorDisposed);
    assert.deepEqual(
      evaluator.rules.map(({ name }) => name),
      ['p/kept'],
    );
  });

  it('finishes an explanation that has begun with the values of its last evaluation', async () => {
    const answers: ((value: FactValue) => void)[] = [];
    const guest: FactDefinition = {
      name: 'guestApp',
      scope: 'flow',
      type: 'string',
      description: 'Application in the VM.',
      source: 'The guest',
      example: '"db"',
      missing: 'the guest does not report it',
      read: () => undefined,
      query: () => new Promise((resolve) => answers.push(resolve)),
    };
    const conditions = {
      all: [
        { fact: 'guestApp', operator: 'equal', value: 'db' },
        { fact: 'quietMs', operator: 'equal', value: 400 },
      ],
    };
    const text = policyText([rule('quiet', conditions)]);
    const policies = parsePolicies([{ file: 'p.json', text }], { facts: [guest] });
    const evaluator = new CompiledEvaluator(policies, { clock: new ManualClock() });
    const table = tableOf([{}]);
    const first = evaluator.evaluate(table, contextOf({ nowMs: 1000 }), never());
    for (let turn = 0; turn < 20 && answers.length === 0; turn++) await Promise.resolve();
    for (const answer of answers.splice(0)) answer('web');
    await first;
    const explaining = evaluator.explain(table, table.rows[0], contextOf({ nowMs: 1400 }));
    for (let turn = 0; turn < 20 && answers.length === 0; turn++) await Promise.resolve();
    evaluator[Symbol.dispose]();
    read(table, 2000, []);
    assert.ok(answers.length > 0, 'it waits for the guest');
    for (const answer of answers) answer('db');
    const [trace] = await explaining;
    assert.equal(trace.verdict, true);
  });
});
