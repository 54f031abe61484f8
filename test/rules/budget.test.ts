import assert from 'node:assert/strict';
import { Placement, Wish } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import { REASONS } from '../../engine/model/reason.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { JsonRulesEvaluator } from '../../engine/rules/json-rules-evaluator.ts';
import { parsePolicies } from '../../engine/rules/policy.ts';
import { contextOf, never, policyText, rule, tableOf } from './fixture.ts';

/** A clock on which each question takes 1 ms: an evaluation asks once before each flow. */
class SteppingClock implements Clock {
  #nowMs = 0;

  now(): number {
    return this.#nowMs++;
  }
}

function evaluator(budgetMs: number, sliceMs: number, pause = () => Promise.resolve()) {
  const all = { all: [{ fact: 'packetsPerSecond', operator: 'greaterThanInclusive', value: 0 }] };
  const policies = parsePolicies([{ file: 'p', text: policyText([rule('all', all)]) }]);
  return new JsonRulesEvaluator(policies, { budgetMs, sliceMs, pause, clock: new SteppingClock() });
}

/** `placed` flows on the NIC, then the others; the later in the table the busier. */
function table(placed: number, others: number): FlowTable {
  return tableOf(
    Array.from({ length: placed + others }, (_, i) => ({
      packetsPerSecond: i,
      placement: i < placed ? Placement.offload : Placement.onload,
    })),
  );
}

/** Rows that were evaluated and those that were not, by their reason. */
function evaluatedRows(t: FlowTable): number[] {
  const rows = Array.from({ length: t.count }, (_, row) => row);
  return rows.filter((row) => REASONS[t.decision.reason[row]].code !== 'not-evaluated');
}

describe('the time budget of rules', () => {
  it('takes the busiest flows first and says which were left out', async () => {
    const t = table(0, 100);
    t.decision.wish.fill(Wish.offload);
    t.decision.rule.fill(1);
    const report = await evaluator(20, 1000).evaluate(t, contextOf(), never());
    const rows = evaluatedRows(t);
    assert.equal(report.evaluated, rows.length);
    assert.equal(report.skipped, 100 - rows.length);
    assert(rows.length > 10 && rows.length <= 20, String(rows.length));
    assert.deepEqual(
      rows,
      Array.from(rows, (_, i) => 100 - rows.length + i),
    );
    assert.equal(t.decision.wish[99], Wish.offload);
    assert.deepEqual(
      [t.decision.wish[0], t.decision.rule[0], t.decision.score[0]],
      [Wish.none, 0, 0],
    );
  });

  it('evaluates nothing without a budget', async () => {
    const t = table(2, 2);
    const report = await evaluator(0, 10).evaluate(t, contextOf(), never());
    assert.deepEqual([report.evaluated, report.skipped], [0, 4]);
  });

  it('gives placed flows half of the time and each its turn', async () => {
    const t = table(30, 30);
    const e = evaluator(20, 1000);
    const seen = new Set<number>();
    for (let tick = 0; tick < 8; tick++) {
      t.decision.reason.fill(0);
      await e.evaluate(t, contextOf(), never());
      const rows = evaluatedRows(t);
      assert(
        rows.some((row) => row >= 30),
        'a flow on the vSwitch has its turn',
      );
      for (const row of rows) seen.add(row);
    }
    assert.deepEqual(
      Array.from({ length: 30 }, (_, row) => row).filter((row) => !seen.has(row)),
      [],
    );
  });

  it('gives placed flows what time the others leave', async () => {
    const t = table(30, 2);
    const report = await evaluator(40, 1000).evaluate(t, contextOf(), never());
    assert.equal(report.skipped, 0);
  });

  it('keeps the wish of a placed flow that it skips, but no rule that is not its own', async () => {
    const t = table(1, 0);
    t.decision.wish[0] = Wish.offload;
    t.decision.score[0] = 5;
    t.decision.rule[0] = 3;
    await evaluator(0, 10).evaluate(t, contextOf(), never());
    assert.deepEqual(
      [t.decision.wish[0], t.decision.score[0], t.decision.rule[0]],
      [Wish.offload, 5, 0],
    );
  });

  it('pauses between slices, so that timers have their turn', async () => {
    let pauses = 0;
    const e = evaluator(1000, 10, () => {
      pauses++;
      return Promise.resolve();
    });
    await e.evaluate(table(0, 100), contextOf(), never());
    assert(pauses >= 8 && pauses <= 12, String(pauses));
  });

  it('stops at an abort and can be used again', async () => {
    const t = table(0, 100);
    const abort = new AbortController();
    const e = evaluator(1000, 10, () => {
      abort.abort(new Error('enough'));
      return Promise.resolve();
    });
    await assert.rejects(e.evaluate(t, contextOf(), abort.signal), { message: 'enough' });
    assert.equal(t.decision.wish[0], Wish.none);
    assert.equal(t.decision.wish[99], Wish.offload);
    await assert.rejects(e.evaluate(t, contextOf(), abort.signal), { message: 'enough' });
    await assert.doesNotReject(e.evaluate(table(0, 3), contextOf(), never()));
  });
});
