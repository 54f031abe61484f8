import { describeTunnelsAsVswitch } from './support/as-vswitch-tunnels.ts';

describeTunnelsAsVswitch({ kind: 'geneve', ipVersion: 4, hasChecksum: true }, 12);
