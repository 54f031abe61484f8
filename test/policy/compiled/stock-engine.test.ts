import assert from 'node:assert/strict';
import { compare } from './stock/compare.ts';

/*
 * Compiled rules beside json-rules-engine as it comes, which is given each rule as its author wrote
 * it and taught the operators of docs/policies.md. Nothing but the seeded numbers is shared with
 * differential.test.ts.
 */

const SEED = 1000;
const SCENES = 50;
const LEAST_PAIRS = 100_000;

describe('compiled rules of written policies', function () {
  this.timeout(180_000);

  it(`agree with json-rules-engine on ${LEAST_PAIRS} pairs of a rule and a flow`, async () => {
    const { pairs, holding, difference } = await compare(SEED, SCENES);
    assert.equal(difference, undefined);
    assert.ok(pairs >= LEAST_PAIRS, `${pairs} pairs`);
    // Pairs of which none, or all, hold would prove little.
    assert.ok(holding > pairs * 0.2 && holding < pairs * 0.8, `${holding} of ${pairs} pairs hold`);
  });
});
