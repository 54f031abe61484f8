import assert from 'node:assert/strict';
import { compare } from './compare.ts';

/*
 * Compares compiled rules with a judge that tries every packet that a flow can carry, with operators
 * implemented from docs/policies.md. Where a flow has one value for every fact, an unmodified
 * json-rules-engine, which gets each rule as its author wrote it, must agree with the judge. It
 * shares only the seeded generator with differential.ts.
 */

const SEED = 1000;
/** Least number of pairs of a rule and a flow in each scene, and of those that json-rules-engine judges. */
const PAIRS_PER_SCENE = 2_000;
const STOCK_PAIRS_PER_SCENE = 200;

/** @param scenes number of nodes, each with its own policy */
export function describeWholePolicies(scenes: number): void {
  const minPairs = scenes * PAIRS_PER_SCENE;
  describe('compiled rules of whole policies', function () {
    this.timeout(180_000);

    it(`agree with a judge of packets on ${minPairs} pairs of a rule and a flow`, async () => {
      const { pairs, holding, stockPairs, difference } = await compare(SEED, scenes);
      assert.equal(difference, undefined);
      assert.ok(pairs >= minPairs, `${pairs} pairs`);
      assert.ok(
        stockPairs >= scenes * STOCK_PAIRS_PER_SCENE,
        `${stockPairs} pairs of json-rules-engine`,
      );
      // The verdicts must be mixed for the comparison to be meaningful.
      assert.ok(
        holding > pairs * 0.2 && holding < pairs * 0.8,
        `${holding} of ${pairs} pairs hold`,
      );
    });
  });
}
