import { needsRealNode } from './fixture.ts';
import { TunnelComparison } from './tunnel-comparison.ts';
import { SOME } from './tunnel-rig.ts';

describe('on the real node, connections through tunnels', function () {
  this.timeout(60_000);
  let comparison: TunnelComparison;

  before(async function () {
    needsRealNode(this);
    comparison = await TunnelComparison.start();
  });
  after(() => comparison?.stop());

  for (const direction of ['into', 'out of'] as const) {
    it(`are sent ${direction} tunnels by their entries as by the vSwitch, byte by byte`, () =>
      comparison.compare(SOME, direction));
  }
});
