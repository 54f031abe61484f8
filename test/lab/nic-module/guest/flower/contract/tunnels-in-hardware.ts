import { needs } from '../../../../../support/needs.ts';
import { nicBed } from '../support/tunnel-bed.ts';
import { TUNNEL_KINDS } from '../support/tunnel-kinds.ts';
import { testTunnels } from '../support/tunnel-suite.ts';

/** A NIC cannot tell packets of Geneve without options. */
const CARRIED = TUNNEL_KINDS.filter(({ type, hasOption }) => type === 'vxlan' || hasOption);

for (const kind of CARRIED) {
  describe(`rules of tc flower in hardware, for tunnels of Open vSwitch: ${kind.what}`, function () {
    this.timeout(120_000);

    before(function () {
      needs(this, 'kernel-lab', 'nic-module', 'root', 'netns', 'nft', 'ovs', 'debian-python3');
    });

    testTunnels(kind, nicBed);
  });
}
