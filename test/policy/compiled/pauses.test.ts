import assert from 'node:assert/strict';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { Clock } from '../../../engine/ports/clock.ts';
import { CompiledEvaluator } from '../../../policy/compiled/compiled-evaluator.ts';
import { JsonRulesEvaluator } from '../../support/json-rules/json-rules-evaluator.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import { contextOf, never, policyText, rule, tableOf } from '../fixture.ts';

/** A clock that advances 1 ms per reading; an evaluation reads it before each step. */
class SteppingClock implements Clock {
  #nowMs = 0;

  now(): number {
    return this.#nowMs++;
  }
}

const HOLDS = { all: [{ fact: 'packetsPerSecond', operator: 'greaterThanInclusive', value: 0 }] };
const POLICIES = parsePolicies([{ file: 'p', text: policyText([rule('all', HOLDS)]) }]);

/** Both evaluators, with enough flows for a hundred steps per pass. */
const EVALUATORS = [
  { name: 'json-rules-engine', Evaluator: JsonRulesEvaluator, flows: 100, walks: 1 },
  // Determines the slices before it evaluates the rules.
  { name: 'compiled rules', Evaluator: CompiledEvaluator, flows: 100 * 2048, walks: 2 },
];

function tableWith(flows: number): FlowTable {
  return tableOf(Array.from({ length: flows }, () => ({})));
}

for (const { name, Evaluator, flows, walks } of EVALUATORS) {
  describe(`a long evaluation of ${name}`, () => {
    const make = (pause: () => Promise<void>) =>
      new Evaluator(POLICIES, { clock: new SteppingClock(), pause });
    let table: FlowTable;

    before(() => {
      table = tableWith(flows);
    });

    it('yields to timers between slices of time', async () => {
      let pauses = 0;
      const evaluator = make(() => {
        pauses++;
        return Promise.resolve();
      });
      const report = await evaluator.evaluate(table, contextOf(), never());
      assert.equal(report.evaluated, flows);
      assert(pauses >= 8 * walks && pauses <= 12 * walks, String(pauses));
      assert(
        table.decision.requested
          .subarray(0, flows)
          .every((requested) => requested === RequestedPlacement.offload),
      );
    });

    it('stops at an abort and can be used again', async () => {
      table.decision.requested.fill(RequestedPlacement.none);
      const abort = new AbortController();
      // In the middle of the last pass.
      let left = 10 * (walks - 1) + 5;
      const evaluator = make(() => {
        if (--left <= 0) abort.abort(new Error('enough'));
        return Promise.resolve();
      });
      const aborted = { message: 'enough' };
      await assert.rejects(evaluator.evaluate(table, contextOf(), abort.signal), aborted);
      assert.equal(table.decision.requested[0], RequestedPlacement.offload);
      assert.equal(table.decision.requested[flows - 1], RequestedPlacement.none);
      await assert.rejects(evaluator.evaluate(table, contextOf(), abort.signal), aborted);
      await assert.doesNotReject(evaluator.evaluate(tableWith(3), contextOf(), never()));
    });
  });
}
