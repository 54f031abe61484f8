import { needsRealNode } from './fixture.ts';
import { keepsLeaseBetweenReadings } from './entry-checks-rig.ts';
import { LeaseRig } from './lease-rig.ts';

describe('on the real node, checks of the entries among many flows', function () {
  this.timeout(180_000);
  let rig: LeaseRig;

  before(async function () {
    needsRealNode(this);
    rig = await LeaseRig.start();
  });
  afterEach(() => rig?.tidy());
  after(() => rig?.stop());

  it('keep the lease between readings that are rarer than it, with 12,000 flows', async () => {
    await keepsLeaseBetweenReadings(rig, 12_000);
  });
});
