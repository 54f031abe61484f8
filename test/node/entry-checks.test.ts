import { needsRealNode } from './fixture.ts';
import { keepsLeaseBetweenReadings } from './entry-checks-rig.ts';
import { LeaseRig } from './lease-rig.ts';

describe('on the real node, checks of the entries', function () {
  this.timeout(60_000);
  let rig: LeaseRig;

  before(async function () {
    needsRealNode(this);
    rig = await LeaseRig.start();
  });
  afterEach(() => rig?.tidy());
  after(() => rig?.stop());

  it('keep the lease between readings that are rarer than it', async () => {
    await keepsLeaseBetweenReadings(rig, 500);
  });
});
