import assert from 'node:assert/strict';
import { runSriov } from '../../../lab/sriov/on-host.ts';
import { isClean } from '../../../lab/sriov/report.ts';
import { needs } from '../../support/needs.ts';

/** Twenty moves in an emulated machine, beside other work. */
const TIMEOUT_MS = 900_000;

describe('live traffic between vSwitch and virtual function', function () {
  this.timeout(TIMEOUT_MS);

  before(function () {
    needs(this, 'kernel-guests', 'root', 'ovs', 'netns', 'iperf3');
  });

  it('loses no packet in twenty moves on igb, which the policy of the daemon decides', async () => {
    const report = await runSriov({ moves: 20, faults: [] });
    assert(report.moves >= 20, JSON.stringify(report));
    assert(isClean(report), JSON.stringify(report));
  });
});
