import { needs } from '../../../../../support/needs.ts';
import { vethBed } from '../support/tunnel-bed.ts';
import { TUNNEL_KINDS } from '../support/tunnel-kinds.ts';
import { testTunnels } from '../support/tunnel-suite.ts';

for (const kind of TUNNEL_KINDS) {
  describe(`rules of tc flower in software, for tunnels of Open vSwitch: ${kind.what}`, function () {
    this.timeout(60_000);

    before(function () {
      needs(this, 'kernel-lab', 'root', 'netns', 'nft', 'ovs', 'debian-python3');
    });

    testTunnels(kind, vethBed);
  });
}
