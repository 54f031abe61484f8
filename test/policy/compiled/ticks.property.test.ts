import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { RuleEvaluator } from '../../../engine/ports/rule-evaluator.ts';
import { CompiledEvaluator } from '../../../policy/compiled/compiled-evaluator.ts';
import { type FactDefinition, FlowView } from '../../../policy/model/fact.ts';
import type { ScoreSource } from '../../../policy/model/linear-function.ts';
import { FACTS } from '../../../policy/facts/facts.ts';
import { JsonRulesEvaluator } from '../../support/json-rules/json-rules-evaluator.ts';
import type { PolicySet } from '../../../policy/model/policy-set.ts';
import type { PolicyRule } from '../../../policy/model/policy-set.ts';
import type { NodeRule } from '../../../policy/model/policy-set.ts';
import type { CustomFact } from '../../../policy/model/policy-set.ts';
import { PolicyMemory } from '../../../policy/state/policy-memory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { never } from '../fixture.ts';
import { NO_RULES } from './bulk.ts';
import { rootOf, rootSketch, type Sketch } from './random-rules.ts';
import { Dice, randomContext, randomPorts, readFlows } from './random-scene.ts';

/*
 * Compares whole evaluators over several ticks in which flows and ports are added, changed and
 * removed. Requests, scores and rules must be equal, including those of shadow policies.
 */

const limit: CustomFact = {
  name: 'p/limit',
  policy: 'p',
  scope: 'node',
  type: 'number',
  description: 'A limit.',
  source: 'Node rules',
  example: '1',
  initial: undefined,
  missing: 'no rule sets it',
  read: (view) => view.memory.given('p/limit'),
};
/** A fact that must be queried; it is missing for flows of half of the ports. */
const guest: FactDefinition = {
  name: 'guest',
  scope: 'flow',
  type: 'string',
  description: 'What runs in the VM.',
  source: 'The guest',
  example: '"db"',
  missing: 'the guest does not report it',
  read: () => undefined,
  query: (view) => {
    const { inPort } = view.table.matchAt(view.row);
    if (inPort === 'gone') return Promise.reject(new Error('no guest'));
    return Promise.resolve({ vm1: 'x', vm2: 'y' }[inPort]);
  },
};
const AT = { line: 1, column: 1 };
const NOW = { policy: 'p', description: undefined, cron: '* * * * *', timezone: 'UTC' };
const SCHEDULES = [
  { ...NOW, name: 'p/now', durationMs: 60_000, beforeMs: 0, afterMs: 0 },
  { ...NOW, name: 'p/never', cron: '0 0 29 2 *', durationMs: 1000, beforeMs: 0, afterMs: 0 },
];

const ruleSketch = fc.record({
  sketch: rootSketch,
  shadow: fc.boolean(),
  requested: fc.constantFrom(1, 2, 3, 4),
  score: fc.oneof(
    fc.record({ kind: fc.constant('number'), value: fc.nat({ max: 5 }) }),
    fc.constantFrom<ScoreSource>(
      { kind: 'fact', fact: 'worth' },
      { kind: 'fact', fact: 'worth', atMost: 50 },
    ),
    fc.record({
      kind: fc.constant('fact'),
      fact: fc.constantFrom('packetsPerSecond', 'bytes', 'tcpDst', 'hostCpu', 'sliceEntries'),
      times: fc.constantFrom(1, -1, 0.5),
      plus: fc.constantFrom(0, 10),
      atMost: fc.constantFrom(Number.POSITIVE_INFINITY, 50),
    }),
  ),
});

const scenario = fc.record({
  rules: fc.array(ruleSketch, { minLength: 1, maxLength: 8 }),
  nodeRules: fc.array(rootSketch, { maxLength: 2 }),
  ticks: fc.array(
    fc.record({
      flows: fc.array(fc.nat({ max: 40 }), { maxLength: 30 }),
      otherPorts: fc.boolean(),
      stepMs: fc.constantFrom(0, 250, 2000),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  seed: fc.nat(),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never;

/** The policies of a scenario; rules compare with values of its first tick. */
async function policiesOf({ rules, nodeRules, ticks, seed }: Scenario): Promise<PolicySet> {
  const none = { ...NO_RULES, facts: [limit], programFacts: [guest], schedules: SCHEDULES };
  const table = new FlowTable();
  readFlows(table, 1000, ticks[0].flows);
  const dice = new Dice(seed);
  const context = randomContext(dice, 1000, randomPorts(dice));
  const memory = new PolicyMemory(none);
  await memory.update(table, context);
  const view = new FlowView(table, context, memory);
  const rows = Array.from(table.rows.subarray(0, Math.min(8, table.count)));
  const conditions = (sketch: Sketch, facts: readonly FactDefinition[]) =>
    rootOf(sketch, { view, rows, facts: [...facts, limit], odd: true });
  const nodeFacts = FACTS.filter((fact) => fact.scope === 'node');
  const common = { policy: 'p', description: undefined, at: AT, active: [], priority: 1 };
  return {
    ...none,
    rules: rules.map(
      ({ sketch, shadow, requested, score }, i): PolicyRule => ({
        ...common,
        scope: 'flow',
        mode: shadow ? 'shadow' : 'enforce',
        name: `p/${i}`,
        requested,
        score,
        conditions: conditions(sketch, [...FACTS, guest, guest, guest, guest]),
      }),
    ),
    nodeRules: nodeRules.map(
      (sketch, i): NodeRule => ({
        ...common,
        scope: 'node',
        name: `p/n${i}`,
        sets: 'p/limit',
        value: { kind: 'fact', fact: 'hostCpu', times: 100, plus: i },
        conditions: conditions(sketch, nodeFacts),
      }),
    ),
  };
}

/** What an evaluator wrote for each flow. */
function written(table: FlowTable) {
  const columns = [table.decision, ...(table.shadow === undefined ? [] : [table.shadow])];
  return Array.from(table.rows.subarray(0, table.count), (row) =>
    columns.map(({ requested, rule, score, scoredByWorth }) => [
      requested[row],
      rule[row],
      score[row],
      scoredByWorth[row],
    ]),
  );
}

describe('compiled rules, tick by tick', () => {
  it('request the same as json-rules-engine', async () => {
    const agree = fc.asyncProperty(scenario, async (drawn) => {
      const policies = await policiesOf(drawn);
      const options = { clock: new ManualClock() };
      const theirs: RuleEvaluator = new JsonRulesEvaluator(policies, options);
      const ours: RuleEvaluator = new CompiledEvaluator(policies, options);
      const dice = new Dice(drawn.seed);
      const table = new FlowTable();
      let ports = randomPorts(dice);
      let nowMs = 1000;
      for (const { flows, otherPorts, stepMs } of drawn.ticks) {
        nowMs += stepMs;
        if (otherPorts) ports = randomPorts(dice);
        readFlows(table, nowMs, flows);
        const context = randomContext(dice, nowMs, ports);
        await theirs.evaluate(table, context, never());
        const expected = written(table);
        await ours.evaluate(table, context, never());
        assert.deepEqual(written(table), expected);
      }
    });
    await fc.assert(agree, { numRuns: 400 });
  });
});
