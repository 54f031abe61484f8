import { Seeded } from '../support/seeded.ts';
import { needsRealNode } from './fixture.ts';
import { TunnelComparison } from './tunnel-comparison.ts';
import { randomConnections, SOME } from './tunnel-rig.ts';

const ROUNDS = 3;
const CONNECTIONS = 30;

describe('on the real node, random connections through tunnels', function () {
  this.timeout(120_000);
  let comparison: TunnelComparison;

  before(async function () {
    needsRealNode(this);
    comparison = await TunnelComparison.start();
  });
  after(() => comparison?.stop());

  for (let round = 0; round < ROUNDS; round++) {
    const seed = (Date.now() + round) % 1_000_000_000;
    // Rows of the round before stay for a while.
    const firstPort = 10_000 + 1_000 * round;
    const connections = randomConnections(new Seeded(seed), CONNECTIONS, firstPort);
    for (const direction of ['into', 'out of'] as const) {
      it(`become the same bytes by entry and vSwitch, ${direction} tunnels (seed ${seed})`, () =>
        comparison.compare(connections, direction));
    }
  }

  it('have the VLAN tag of the underlay', async () => {
    await comparison.rig.setUnderlay('push_vlan:0x8100,set_field:4101->vlan_vid,output:20');
    await comparison.compare(SOME, 'into');
  });
});
