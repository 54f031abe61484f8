import { describeDeviceTunnels } from './support/device-tunnels.ts';
import { INGRESS_HOOKS } from './support/ingress.ts';

for (const { hook, need } of INGRESS_HOOKS) describeDeviceTunnels('vxlan', hook, need);
