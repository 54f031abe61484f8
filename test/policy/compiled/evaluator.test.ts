import assert from 'node:assert/strict';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { REASONS } from '../../../engine/model/reason.ts';
import { CompiledEvaluator } from '../../../policy/compiled/compiled-evaluator.ts';
import { EvaluationRunning } from '../../../policy/model/evaluation-running.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import {
  contextOf,
  evaluatorOf,
  exactly,
  never,
  policyText,
  portInfo,
  rule,
  tableOf,
} from '../fixture.ts';

const pps = (operator: string, value: unknown) => ({ fact: 'packetsPerSecond', operator, value });
const BUSY = rule('busy', { all: [pps('greaterThan', 100)] }, { priority: 2 });
const QUIET = rule('quiet', { all: [pps('lessThan', 10)] }, { event: { type: 'onload' } });

function requests(table: FlowTable): number[] {
  return Array.from(table.rows.subarray(0, table.count), (row) => table.decision.requested[row]);
}

function reasons(table: FlowTable): string[] {
  return Array.from(
    table.rows.subarray(0, table.count),
    (row) => REASONS[table.decision.reason[row]].code,
  );
}

/** Whether a flow is offloaded by a rule with these conditions. */
async function holds(conditions: unknown, flow = {}, context = contextOf()): Promise<boolean> {
  const table = tableOf([flow]);
  await evaluatorOf(policyText([rule('r', conditions)])).evaluate(table, context, never());
  return table.decision.requested[0] === RequestedPlacement.offload;
}

describe('JsonRulesEvaluator', () => {
  it('writes request, score and rule of each flow', async () => {
    const table = tableOf([{ packetsPerSecond: 500, worth: 450 }, { packetsPerSecond: 50 }, {}]);
    table.decision.requested.fill(RequestedPlacement.fastPath, 0, 3);
    table.decision.score.fill(9, 0, 3);
    table.decision.rule.fill(9, 0, 3);
    const evaluator = evaluatorOf(policyText([QUIET, BUSY]));
    assert.deepEqual(evaluator.rules, [
      { name: 'p/busy', requested: RequestedPlacement.offload, priority: 2, mode: 'enforce' },
      { name: 'p/quiet', requested: RequestedPlacement.onload, priority: 1, mode: 'enforce' },
    ]);
    const report = await evaluator.evaluate(table, contextOf(), never());
    assert.deepEqual(report, { evaluated: 3, slices: [], elapsedMs: 0 });
    assert.deepEqual(requests(table), [
      RequestedPlacement.offload,
      RequestedPlacement.none,
      RequestedPlacement.onload,
    ]);
    assert.deepEqual([...table.decision.score.subarray(0, 3)], [450, 0, 0]);
    assert.deepEqual([...table.decision.rule.subarray(0, 3)], [1, 0, 2]);
    assert.deepEqual(reasons(table), ['unseen', 'unseen', 'unseen']);
  });

  it('lets the highest priority decide, among equals the first', async () => {
    const all = { all: [pps('greaterThanInclusive', 0)] };
    const type = (name: string) => ({ event: { type: name } });
    const first = async (...rules: unknown[]) => {
      const table = tableOf([{}]);
      await evaluatorOf(policyText(rules)).evaluate(table, contextOf(), never());
      return table.decision.requested[0];
    };
    assert.equal(
      await first(rule('a', all, type('onload')), rule('b', all)),
      RequestedPlacement.onload,
    );
    assert.equal(
      await first(rule('a', all), rule('b', all, type('slow-path'))),
      RequestedPlacement.offload,
    );
    assert.equal(
      await first(rule('a', all), rule('b', all, { ...type('fast-path'), priority: 2 })),
      RequestedPlacement.fastPath,
    );
  });

  it('scores by a fact or a number, by default by worth', async () => {
    const scored = async (score: unknown, flow: object) => {
      const params = score === undefined ? {} : { score };
      const event = { type: 'offload', params };
      const table = tableOf([flow]);
      const text = policyText([rule('r', { all: [pps('greaterThan', 1)] }, { event })]);
      await evaluatorOf(text).evaluate(table, contextOf(), never());
      return table.decision.score[0];
    };
    const flow = { packetsPerSecond: 30, bitsPerSecond: 4000, worth: 20 };
    assert.equal(await scored(undefined, flow), 20);
    assert.equal(await scored('bitsPerSecond', flow), 4000);
    assert.equal(await scored(7.5, flow), 7.5);
    assert.equal(await scored('tcpDst', flow), 0);
  });

  it('scores 0 if the result is not a finite number', async () => {
    const table = tableOf([{ packetsPerSecond: 1e6 }, { packetsPerSecond: 2 }]);
    const score = { fact: 'packetsPerSecond', times: 1e305 };
    const event = { type: 'offload', params: { score } };
    const text = policyText([rule('r', { all: [pps('greaterThan', 1)] }, { event })]);
    const set = parsePolicies([{ file: 'p.json', text }]);
    for (const evaluator of [
      evaluatorOf(text),
      new CompiledEvaluator(set, { clock: new ManualClock() }),
    ]) {
      await evaluator.evaluate(table, contextOf(), never());
      assert.deepEqual([...table.decision.score.subarray(0, 2)], [0, 2e305]);
    }
  });

  it('records whether the score is the worth', async () => {
    const scoredBy = async (score: unknown, worth: number) => {
      const params = score === undefined ? {} : { score };
      const table = tableOf([{ packetsPerSecond: 30, worth }]);
      const event = { type: 'offload', params };
      const text = policyText([rule('r', { all: [pps('greaterThan', 1)] }, { event })]);
      await evaluatorOf(text).evaluate(table, contextOf(), never());
      return [table.decision.score[0], table.decision.scoredByWorth[0]];
    };
    assert.deepEqual(await scoredBy(undefined, 20), [20, 1]);
    assert.deepEqual(await scoredBy('worth', 20), [20, 1]);
    assert.deepEqual(await scoredBy({ fact: 'worth' }, 20), [20, 1]);
    assert.deepEqual(await scoredBy(20, 20), [20, 0], 'a number that the worth happens to be');
    const clamped = { fact: 'worth', atMost: 1500 };
    assert.deepEqual(await scoredBy(clamped, 20), [20, 0]);
    assert.deepEqual(await scoredBy(clamped, 1500), [1500, 0]);
    assert.deepEqual(await scoredBy(clamped, 9000), [1500, 0]);
    assert.deepEqual(await scoredBy({ fact: 'worth', times: 2 }, 0), [0, 0]);
    assert.deepEqual(await scoredBy('packetsPerSecond', 30), [30, 0]);
  });

  it('resets the score of a flow that no rule decides', async () => {
    const table = tableOf([{ packetsPerSecond: 0, worth: 20 }]);
    table.decision.scoredByWorth[0] = 1;
    const text = policyText([rule('r', { all: [pps('greaterThan', 1)] })]);
    await evaluatorOf(text).evaluate(table, contextOf(), never());
    assert.equal(table.decision.scoredByWorth[0], 0);
  });

  it('requests nothing without rules', async () => {
    const table = tableOf([{}]);
    table.decision.requested[0] = RequestedPlacement.offload;
    const report = await evaluatorOf().evaluate(table, contextOf(), never());
    assert.equal(report.evaluated, 1);
    assert.deepEqual(requests(table), [RequestedPlacement.none]);
  });

  it('evaluates an empty table', async () => {
    const report = await evaluatorOf(policyText([BUSY])).evaluate(
      tableOf([]),
      contextOf(),
      never(),
    );
    assert.deepEqual(report, { evaluated: 0, slices: [], elapsedMs: 0 });
  });

  it('evaluates every comparison with a missing value to false', async () => {
    const values: readonly [string, unknown][] = [
      ['equal', 22],
      ['notEqual', 22],
      ['lessThan', 60000],
      ['lessThanInclusive', 60000],
      ['greaterThan', 0],
      ['greaterThanInclusive', 0],
      ['in', [22]],
      ['notIn', [22]],
    ];
    for (const [operator, value] of values) {
      const condition = { all: [{ fact: 'tcpDst', operator, value }] };
      assert.equal(await holds(condition), false, operator);
      const there = await holds(condition, { fields: exactly({ tcp_dst: 23 }) });
      assert.equal(there, operator !== 'equal' && operator !== 'in', operator);
    }
    for (const operator of ['equal', 'notEqual']) {
      const condition = { all: [{ fact: 'vm', operator, value: { fact: 'slice' } }] };
      assert.equal(await holds(condition), false, operator);
      const swapped = { all: [{ fact: 'inPort', operator, value: { fact: 'slice' } }] };
      assert.equal(await holds(swapped), false, operator);
    }
  });

  it('can test whether a value is missing', async () => {
    const asks = (operator: string) => ({ all: [{ fact: 'tcpDst', operator, value: null }] });
    const tcp = { fields: exactly({ tcp_dst: 23 }) };
    const udp = { fields: exactly({ udp_dst: 23 }) };
    assert.equal(await holds(asks('equal'), udp), true);
    assert.equal(await holds(asks('equal'), tcp), false);
    assert.equal(await holds(asks('notEqual'), udp), false);
    assert.equal(await holds(asks('notEqual'), tcp), true);
    assert.equal(await holds(asks('equal')), false, 'packets with and without it');
    assert.equal(await holds(asks('notEqual')), false);
  });

  it('compares facts with facts, members and lists', async () => {
    const context = contextOf({
      ports: new Map([['vm1', portInfo({ name: 'vm1', vm: 'a', slice: 'a' })]]),
      node: {
        hostCpu: undefined,
        portLoad: new Map([['vm1', { rxBitsPerSecond: 9, txBitsPerSecond: 3 }]]),
      },
    });
    const one = (fact: string, operator: string, value: unknown, more = {}) =>
      holds({ all: [{ fact, operator, value, ...more }] }, {}, context);
    assert.equal(await one('vm', 'equal', { fact: 'slice' }), true);
    assert.equal(await one('outPorts', 'contains', 'vm2'), true);
    assert.equal(await one('outPorts', 'doesNotContain', 'vm2'), false);
    assert.equal(await one('outPort', 'in', { fact: 'outPorts' }), true);
    const rx = { path: '$.rxBitsPerSecond', params: { port: 'vm1' } };
    const tx = { path: '$.txBitsPerSecond', params: { port: 'vm1' } };
    assert.equal(await one('portLoad', 'equal', 9, rx), true);
    assert.equal(await one('portLoad', 'greaterThan', { fact: 'portLoad', ...tx }, rx), true);
    assert.equal(await one('portLoad', 'lessThan', 99, { ...rx, params: { port: 'no' } }), false);
    assert.equal(await one('portLoad', 'lessThan', 99, { ...rx, path: '$.rxShare' }), false);
  });

  it('refuses concurrent evaluations', async () => {
    const evaluator = evaluatorOf(policyText([BUSY]));
    const table = tableOf([{}]);
    const first = evaluator.evaluate(table, contextOf(), never());
    await assert.rejects(evaluator.evaluate(table, contextOf(), never()), EvaluationRunning);
    await first;
    await evaluator.evaluate(table, contextOf(), never());
  });

  it('explains every rule with all values, even if they do not affect the verdict', async () => {
    const conditions = {
      any: [
        { ...pps('greaterThan', 1), priority: 9 },
        { all: [{ fact: 'tcpDst', operator: 'equal', value: 22 }] },
        { not: { fact: 'tableFill', operator: 'lessThan', value: 0.5 } },
        {
          fact: 'portLoad',
          params: { port: 'vm1' },
          path: '$.rxShare',
          operator: 'greaterThan',
          value: { fact: 'tableFill' },
          priority: 3,
        },
      ],
    };
    const table = tableOf([{}, { packetsPerSecond: 5 }]);
    table.decision.requested[1] = RequestedPlacement.onload;
    const context = contextOf({ tableFill: 0.25 });
    const evaluator = evaluatorOf(policyText([QUIET, rule('r', conditions, { priority: 3 })]));
    const traces = await evaluator.explain(table, 1, context);
    assert.equal(table.decision.requested[1], RequestedPlacement.onload);
    assert.deepEqual(traces, [
      {
        rule: { name: 'p/r', requested: RequestedPlacement.offload, priority: 3, mode: 'enforce' },
        verdict: true,
        condition: {
          kind: 'any',
          verdict: true,
          extent: 'all',
          of: [
            {
              kind: 'compare',
              verdict: true,
              extent: 'all',
              fact: 'packetsPerSecond',
              operator: 'greaterThan',
              expected: 1,
              actual: 5,
              state: 'value',
            },
            {
              kind: 'all',
              verdict: false,
              extent: 'some',
              of: [
                {
                  kind: 'compare',
                  verdict: false,
                  extent: 'some',
                  fact: 'tcpDst',
                  operator: 'equal',
                  expected: 22,
                  actual: 'any or none',
                  state: 'open',
                },
              ],
            },
            {
              kind: 'not',
              verdict: false,
              extent: 'none',
              of: [
                {
                  kind: 'compare',
                  verdict: true,
                  extent: 'all',
                  fact: 'tableFill',
                  operator: 'lessThan',
                  expected: 0.5,
                  actual: 0.25,
                  state: 'value',
                },
              ],
            },
            {
              kind: 'compare',
              verdict: false,
              extent: 'some',
              fact: 'portLoad(vm1).rxShare',
              operator: 'greaterThan',
              expected: 0.25,
              actual: undefined,
              state: 'unknown',
            },
          ],
        },
      },
      {
        rule: {
          name: 'p/quiet',
          requested: RequestedPlacement.onload,
          priority: 1,
          mode: 'enforce',
        },
        verdict: true,
        condition: {
          kind: 'all',
          verdict: true,
          extent: 'all',
          of: [
            {
              kind: 'compare',
              verdict: true,
              extent: 'all',
              fact: 'packetsPerSecond',
              operator: 'lessThan',
              expected: 10,
              actual: 5,
              state: 'value',
            },
          ],
        },
      },
    ]);
  });

  it('explains while an evaluation runs', async () => {
    const evaluator = evaluatorOf(policyText([BUSY, QUIET]));
    const table = tableOf(Array.from({ length: 50 }, (_, i) => ({ packetsPerSecond: i * 10 })));
    const [report, traces] = await Promise.all([
      evaluator.evaluate(table, contextOf(), never()),
      evaluator.explain(table, 49, contextOf()),
    ]);
    assert.equal(report.evaluated, 50);
    assert.deepEqual(
      traces.map((t) => t.verdict),
      [true, false],
    );
    assert.deepEqual(
      requests(table).map(
        (w, i) =>
          w ===
          (i > 10
            ? RequestedPlacement.offload
            : i < 1
              ? RequestedPlacement.onload
              : RequestedPlacement.none),
      ),
      Array.from({ length: 50 }, () => true),
    );
  });
});
