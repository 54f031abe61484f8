import type { Hook, HookTools, OpenHook } from '../core/hook.ts';
import { LEASE_PROGRAM } from '../core/lease.ts';
import type { PortReport } from '../core/port-report.ts';
import { ProgramLoader } from '../core/program-loader.ts';
import { datapathRefusal } from './datapath.ts';
import { tcxOtherHooks } from './other-hooks.ts';
import { TCX_PROGRAM, TcxAttachment } from './tcx-attachment.ts';
import { TcxLinks } from './tcx-links.ts';
import { TCX_OUTPUTS } from './tcx-outputs.ts';

const CONFIGURED = {
  hook: 'tcx',
  reason: 'configured',
  why: 'backend.adapter is "tcx"',
} as const;

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
  const { libbpf, programs, maps, lock, own } = tools;
  const loader = await ProgramLoader.open({
    programs,
    objectPath,
    names: [TCX_PROGRAM, LEASE_PROGRAM],
    maps: maps.byName(),
  });
  const links = new TcxLinks(libbpf, lock, maps.pinPath);
  await links.open();
  own.add((programId) => links.isOurs(programId));
  const attachment = await TcxAttachment.open({ libbpf, programs, loader, links });
  const otherHooks = tcxOtherHooks(lock, own);
  return {
    loader,
    attachment,
    otherHooks,
    outputs: TCX_OUTPUTS,
    refusal: datapathRefusal,
    choice: () => CONFIGURED,
    describe: (ports) => describe(libbpf.version(), ports),
    unpin: () => undefined,
    close: () => {
      otherHooks.close();
      attachment.close();
    },
  };
}

function describe(version: string, ports: readonly PortReport[]): string {
  const count = (mode: string) => ports.filter((port) => port.mode === mode).length;
  return (
    `tcx through libbpf ${version}: ${count('tcx')} ports attached, ` +
    `${count('detached')} without entries, ${count('unavailable')} not served`
  );
}
