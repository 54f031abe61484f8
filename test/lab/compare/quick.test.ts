import assert from 'node:assert/strict';
import { runCompare } from '../../../lab/compare/compare.ts';
import { matrix, quickCases } from '../../../lab/compare/cases/parameters.ts';
import { ROUNDS } from '../../../lab/compare/verdict/tolerances.ts';
import { needs } from '../../support/needs.ts';

const SEED = 1;

describe('lab compare, a few cases with every value', function () {
  this.timeout(240_000);

  before(function () {
    needs(this, 'root', 'netns', 'ovs', 'xdp', 'nft', 'debian-python3');
  });

  it('shows nothing that differs with Norikae', async () => {
    const report = await runCompare({
      datapath: 'userspace',
      seed: SEED,
      cases: [],
      only: [],
      rounds: ROUNDS,
      quick: true,
    });
    assert.deepEqual(report.differences, []);
    const { cases, notServed } = report;
    assert.equal(cases.length + notServed.length, quickCases(matrix(SEED, 'userspace')).length);
    assert(cases.length >= 9, `only ${cases.length} are served: ${JSON.stringify(notServed)}`);
    assert(cases.every(({ offloadedBytes }) => offloadedBytes > 0));
    assert(notServed.every(({ reason }) => reason.length > 10));
  });
});
