import assert from 'node:assert/strict';
import fc from 'fast-check';
import { actionsText } from '../../../../engine/model/action-text.ts';
import { Seeded } from '../../../support/seeded.ts';
import {
  assertSame,
  changed,
  composeEntry,
  conditionsOf,
  deliver,
  valuesOf,
} from './support/judge.ts';
import { follow, meets } from './support/model.ts';
import { IN_PORT, randomPipeline } from './support/random-pipeline.ts';

const RUNS = 400;
const PACKETS = 40;

describe('composed entries, judged by a simple interpreter', function () {
  this.timeout(60_000);
  let matched = 0;
  let missed = 0;
  let rewritten = 0;
  let untracked = 0;
  let refused = 0;

  it('do to every packet that they match what the megaflows do', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const r = new Seeded(seed);
        const pipeline = randomPipeline(r);
        const models = pipeline.megaflows.map(({ model }) => model);
        const composed = composeEntry(
          { inPort: IN_PORT, values: valuesOf(pipeline.headers) },
          pipeline.megaflows.map(({ spec }) => spec),
          pipeline,
        );
        if (composed === undefined) {
          refused++;
          return;
        }
        if (composed.untracked.length > 0) untracked++;
        const conditions = conditionsOf(composed.match.fields);
        const words = actionsText(composed.actions);
        assert.ok(meets(pipeline.headers, conditions), 'the entry matches its own packet');
        const own = follow(pipeline.headers, models, pipeline.connections);
        assertSame(deliver(composed, pipeline.headers), own, `its own packet, ${words}`);
        if (composed.actions.length > 1) rewritten++;
        for (let n = 0; n < PACKETS; n++) {
          const packet = changed(r, pipeline.headers);
          if (!meets(packet, conditions)) {
            missed++;
            continue;
          }
          matched++;
          const expected = follow(packet, models, pipeline.connections);
          assertSame(deliver(composed, packet), expected, `another packet, ${words}`);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('matched some other packets, and not all', () => {
    assert.ok(matched > RUNS, `${matched} matched`);
    assert.ok(missed > RUNS, `${missed} did not match`);
    assert.ok(rewritten > RUNS / 4, `${rewritten} rewrite`);
    assert.ok(refused < RUNS / 4, `${refused} refused`);
    assert.ok(untracked > RUNS / 40, `${untracked} untracked`);
  });
});
