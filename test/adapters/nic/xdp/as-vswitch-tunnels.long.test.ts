import { describeTunnelsAsVswitch } from './support/as-vswitch-tunnels.ts';

for (const kind of ['geneve', 'vxlan'] as const) {
  for (const ipVersion of [4, 6] as const) {
    for (const hasChecksum of [true, false]) {
      describeTunnelsAsVswitch({ kind, ipVersion, hasChecksum }, 200);
    }
  }
}
