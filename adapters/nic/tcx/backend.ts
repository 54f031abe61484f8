import type { ProgramBackendOptions } from '../core/options.ts';
import { ProgramBackend } from '../core/program-backend.ts';
import { tcxHook } from './tcx-hook.ts';

/**
 * The NIC table at tcx ingress: a BPF program on each port's device forwards the packets of installed
 * flows before an rx handler gets them, such as the kernel datapath of Open vSwitch. The userspace
 * datapath reads packets before tcx; it needs XDP.
 *
 * Packets keep the segments and checksums that their sender left to its device, so VMs keep their
 * offloads. Like the kernel datapath, counters count a packet before its segmentation once.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON), a little-endian CPU and Linux 6.6 or later.
 * UDP packets that await segmentation go to the vSwitch.
 */
export class TcxBackend extends ProgramBackend {
  /**
   * @param options `objectPath`: the compiled program: dist/adapters/nic/tcx/norikae.bpf.o
   * @throws {BackendOptionInvalid}
   */
  constructor(options: ProgramBackendOptions & { readonly objectPath: string }) {
    const open = tcxHook(options.objectPath);
    super({ name: 'tcx', label: 'tcx', how: 'ingress', open }, options);
  }
}
