import { describeTunnelsAsVswitch } from './support/as-vswitch-tunnels.ts';

for (const kind of ['geneve', 'vxlan'] as const) {
  describeTunnelsAsVswitch({ kind, ipVersion: 4, hasChecksum: true }, 200);
  describeTunnelsAsVswitch({ kind, ipVersion: 4, hasChecksum: false }, 200);
  // Over IPv6 the vSwitch always sends checksums.
  describeTunnelsAsVswitch({ kind, ipVersion: 6, hasChecksum: true }, 200);
}
