import assert from 'node:assert/strict';
import { runCompare } from '../../../lab/compare/compare.ts';
import { ROUNDS } from '../../../lab/compare/verdict/tolerances.ts';
import { needs } from '../../support/needs.ts';

/**
 * Both kinds of backend, six protocols, and filters, exports and mirrors beside them; all are served.
 * matrix.long.test.ts has all cases.
 */
const CASES = [2, 4, 5, 6, 11, 14];

describe('lab compare, a few cases', function () {
  this.timeout(240_000);

  before(function () {
    needs(this, 'root', 'netns', 'ovs', 'xdp', 'nft', 'debian-python3');
  });

  it('shows nothing that differs with Norikae', async () => {
    const report = await runCompare({
      datapath: 'userspace',
      seed: 1,
      cases: CASES,
      only: [],
      rounds: ROUNDS,
      quick: false,
    });
    assert.deepEqual(report.differences, []);
    assert.deepEqual(report.notServed, []);
    assert.deepEqual(
      report.cases.map(({ number }) => number),
      CASES,
    );
    assert(report.cases.every(({ offloadedBytes }) => offloadedBytes > 0));
  });
});
