import assert from 'node:assert/strict';
import { leaseTimes, MIN_LEASE_MS } from '../../../adapters/openflow/lease-times.ts';

describe('the division of an OpenFlow lease', () => {
  for (const leaseMs of [3_000, 3_500, 4_000, 5_000, 10_000, 60_000]) {
    it(`keeps every rule of a lease of ${leaseMs} ms within it`, () => {
      const times = leaseTimes(leaseMs);
      assert.equal(times.leaseMs, leaseMs);
      assert.ok(times.hardSeconds >= 1 && Number.isInteger(times.hardSeconds));
      // A switch removes a rule up to a second after its time-out.
      assert.equal(times.inForceMs, times.hardSeconds * 1_000 + 1_000);
      assert.ok(times.renewWithinMs + times.inForceMs <= leaseMs, 'no rule outlives the lease');
      assert.ok(times.renewWithinMs >= 1_000, 'there is time for a verification');
    });
  }

  it('raises a lease that is too short to be divided', () => {
    assert.deepEqual(leaseTimes(500), leaseTimes(MIN_LEASE_MS));
  });
});
