import { keepsLeaseBetweenReadings } from './entry-checks-rig.ts';
import { useLeaseRig } from './lease-rig.ts';

describe('on the real node, checks of the entries', function () {
  this.timeout(60_000);
  const rig = useLeaseRig();

  it('keep the lease between readings that are rarer than it', async () => {
    await keepsLeaseBetweenReadings(rig(), 2_000);
  });
});
