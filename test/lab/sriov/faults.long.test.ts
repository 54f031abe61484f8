import assert from 'node:assert/strict';
import { FAULT_NAMES } from '../../../lab/sriov/faults.ts';
import { runSriov } from '../../../lab/sriov/on-host.ts';
import { needs } from '../../support/needs.ts';

/** All faults in an emulated machine, beside other work. */
const TIMEOUT_MS = 900_000;

describe('the end of a part while a virtual function carries the traffic', function () {
  this.timeout(TIMEOUT_MS);

  before(function () {
    needs(this, 'kernel-guests', 'root', 'ovs', 'netns', 'iperf3');
  });

  it('brings the traffic back to the vSwitch within the lease', async () => {
    const { faults } = await runSriov({ moves: 0, faults: FAULT_NAMES });
    assert.deepEqual(
      faults.map(({ fault }) => fault),
      FAULT_NAMES,
    );
    for (const report of faults) {
      const { fault, backMs, leaseMs, lost, lostLater } = report;
      assert(backMs <= leaseMs, JSON.stringify(report));
      assert.equal(lostLater, 0, JSON.stringify(report));
      // What ends in order, or cannot lose what the NIC still delivers, loses nothing.
      if (fault === 'machine-shut-down') assert.equal(lost, 0, JSON.stringify(report));
    }
  });
});
