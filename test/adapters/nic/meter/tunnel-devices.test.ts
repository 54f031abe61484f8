import { describeTunnelDevice } from './support/tunnel-device.ts';

describeTunnelDevice('vxlan', 'root', 'netns', 'tcx', 'debian-python3');
