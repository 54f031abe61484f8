import assert from 'node:assert/strict';
import { runCompare } from '../../../lab/compare/compare.ts';
import { SCENARIOS } from '../../../lab/compare/scenarios/all.ts';
import { ROUNDS } from '../../../lab/compare/verdict/tolerances.ts';
import { needs } from '../../support/needs.ts';

describe('lab compare, all cases and scenarios', function () {
  this.timeout(30 * 60_000);

  before(function () {
    needs(this, 'root', 'netns', 'ovs', 'xdp', 'nft', 'debian-python3');
  });

  it('shows nothing that differs with Norikae, in at least 60 cases that are served', async () => {
    const report = await runCompare({
      datapath: 'userspace',
      seed: 1,
      cases: [],
      only: [],
      rounds: ROUNDS,
      quick: false,
    });
    assert.deepEqual(report.differences, []);
    const { cases, notServed } = report;
    const served = cases.filter(({ number }) => number !== null);
    assert(served.length >= 60, `${served.length} are served; not: ${JSON.stringify(notServed)}`);
    assert(served.every(({ offloadedBytes }) => offloadedBytes > 0));
    assert.equal(cases.length - served.length, SCENARIOS.length, JSON.stringify(notServed));
  });
});
