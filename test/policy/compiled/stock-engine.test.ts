import assert from 'node:assert/strict';
import { compare } from './stock/compare.ts';

/*
 * Compares compiled rules with an unmodified json-rules-engine that gets each rule as its author
 * wrote it, and operators implemented from docs/policies.md. It shares only the seeded generator
 * with differential.test.ts.
 */

const SEED = 1000;
const SCENES = 50;
const MIN_PAIRS = 100_000;

describe('compiled rules of whole policies', function () {
  this.timeout(180_000);

  it(`agree with json-rules-engine on ${MIN_PAIRS} pairs of a rule and a flow`, async () => {
    const { pairs, holding, difference } = await compare(SEED, SCENES);
    assert.equal(difference, undefined);
    assert.ok(pairs >= MIN_PAIRS, `${pairs} pairs`);
    // The verdicts must be mixed for the comparison to be meaningful.
    assert.ok(holding > pairs * 0.2 && holding < pairs * 0.8, `${holding} of ${pairs} pairs hold`);
  });
});
