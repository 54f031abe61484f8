import { keepsLeaseBetweenReadings } from './entry-checks-rig.ts';
import { useLeaseRig } from './lease-rig.ts';

describe('on the real node, checks of the entries among many flows', function () {
  this.timeout(180_000);
  const rig = useLeaseRig();

  it('keep the lease between readings that are rarer than it, with 12,000 flows', async () => {
    await keepsLeaseBetweenReadings(rig(), 12_000);
  });
});
