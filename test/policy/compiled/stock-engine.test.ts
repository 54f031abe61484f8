import assert from 'node:assert/strict';
import { compare } from './stock/compare.ts';

/*
 * Compares compiled rules with a judge that tries every packet that a flow can carry, with operators
 * implemented from docs/policies.md. Where a flow has one value for every fact, an unmodified
 * json-rules-engine, which gets each rule as its author wrote it, must agree with the judge. It
 * shares only the seeded generator with differential.test.ts.
 */

const SEED = 1000;
const SCENES = 50;
const MIN_PAIRS = 100_000;
const MIN_STOCK_PAIRS = 10_000;

describe('compiled rules of whole policies', function () {
  this.timeout(180_000);

  it(`agree with a judge of packets on ${MIN_PAIRS} pairs of a rule and a flow`, async () => {
    const { pairs, holding, stockPairs, difference } = await compare(SEED, SCENES);
    assert.equal(difference, undefined);
    assert.ok(pairs >= MIN_PAIRS, `${pairs} pairs`);
    assert.ok(stockPairs >= MIN_STOCK_PAIRS, `${stockPairs} pairs of json-rules-engine`);
    // The verdicts must be mixed for the comparison to be meaningful.
    assert.ok(holding > pairs * 0.2 && holding < pairs * 0.8, `${holding} of ${pairs} pairs hold`);
  });
});
