import type { Hook, HookTools, OpenHook } from '../core/hook.ts';
import { openIngress } from './ingress-hook.ts';
import { TcxLinks } from './tcx-links.ts';

/**
 * tcx ingress as a {@link Hook}: the program runs before an rx handler gets a packet, such as that of
 * the kernel datapath of Open vSwitch. The userspace datapath reads packets before tcx; it needs XDP.
 *
 * Packets keep the segments and checksums that their sender left to its device, so VMs keep their
 * offloads. Like the kernel datapath, counters count a packet before its segmentation once.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON), a little-endian CPU and Linux 6.6 or later.
 * UDP packets that await segmentation go to the vSwitch.
 *
 * @param objectPath the compiled program: dist/adapters/nic/tcx/norikae.bpf.o
 */
export function tcxHook(objectPath: string): OpenHook {
  return (tools) => openTcx(objectPath, tools);
}

async function openTcx(objectPath: string, tools: HookTools): Promise<Hook> {
  const { libbpf, lock, maps } = tools;
  const links = new TcxLinks(libbpf, lock, maps.pinPath, 'first');
  await links.open();
  return openIngress({ hook: 'tcx', point: links, objectPath }, tools);
}
