import { describeDeviceTunnels } from '../adapters/nic/tcx/support/device-tunnels.ts';

describeDeviceTunnels('geneve', 'cls_bpf', 'kernel-lab', 'xdp');
