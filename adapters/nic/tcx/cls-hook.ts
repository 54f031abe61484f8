import type { Hook, HookTools, OpenHook } from '../core/hook.ts';
import { meterPinPath } from '../core/meter-pins.ts';
import { PinnedPrograms } from '../core/pinned-programs.ts';
import { ClsactMarks } from './clsact-marks.ts';
import { CLS_PRIORITY, ClsFilters } from './cls-filters.ts';
import { openIngress } from './ingress-hook.ts';
import { PolicedPorts } from './policed-ports.ts';

/**
 * tc filters of the kind `bpf` as a {@link Hook}, for kernels before Linux 6.6, which have no tcx. The
 * program is the same, at the same place of a packet's way, and so are its counters and limits.
 *
 * A port that Open vSwitch polices has no filter, because it cannot add its qdisc beside `clsact`.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON), a little-endian CPU and Linux 5.18 or later.
 *
 * @param objectPath the compiled program: dist/adapters/nic/tcx/norikae.bpf.o
 */
export function clsHook(objectPath: string): OpenHook {
  return (tools) => openCls(objectPath, tools);
}

async function openCls(objectPath: string, tools: HookTools): Promise<Hook> {
  const { libbpf, programs, maps, lock } = tools;
  const { pinPath } = maps;
  const policed = new PolicedPorts();
  const point = new ClsFilters({
    lock,
    pins: new PinnedPrograms(libbpf, programs, pinPath, 'cls_bpf'),
    marks: new ClsactMarks(pinPath),
    otherMarks: new ClsactMarks(meterPinPath(pinPath)),
    priority: CLS_PRIORITY.entries,
    isAwaited: (ifindex) => policed.has(ifindex),
  });
  try {
    await point.open();
    const hook = await openIngress({ hook: 'cls_bpf', point, objectPath }, tools);
    return {
      ...hook,
      unpin: () => point.unpin(),
      mustDetach: (port) => policed.follow(port),
      close: () => {
        hook.close();
        point.close();
      },
    };
  } catch (error) {
    point.close();
    throw error;
  }
}
