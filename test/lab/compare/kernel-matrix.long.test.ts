import assert from 'node:assert/strict';
import { matrix } from '../../../lab/compare/cases/parameters.ts';
import { runCompareInGuest } from '../../../lab/compare/on-host.ts';
import { ROUNDS } from '../../../lab/compare/verdict/tolerances.ts';
import { needs } from '../../support/needs.ts';

const SEED = 1;
const RUN_MS = 40 * 60_000;

describe('lab compare, all cases of the kernel datapath', function () {
  this.timeout(RUN_MS + 60_000);

  before(function () {
    needs(this, 'root', 'kernel-guests', 'ovs', 'nft', 'debian-python3');
  });

  it('shows nothing that differs with Norikae, and serves every case', async () => {
    const chosen = { seed: SEED, cases: [], only: [], rounds: ROUNDS, quick: false };
    const report = await runCompareInGuest({ datapath: 'kernel', ...chosen }, RUN_MS);
    assert.deepEqual(report.differences, []);
    assert.deepEqual(report.notServed, []);
    assert.equal(report.cases.length, matrix(SEED, 'kernel').length);
    assert(report.cases.every(({ offloadedBytes }) => offloadedBytes > 0));
    assert.equal(report.datapath, 'kernel');
  });
});
