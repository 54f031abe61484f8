import { DeviceHooks } from '../core/device-hooks.ts';
import { DevicePrograms } from '../core/device-programs.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import type { OwnPrograms } from '../core/own-programs.ts';

const WHY_NOT_TCX = 'its device has a tcx program, which XDP would bypass';

/** An XDP redirect bypasses every other hook, of the device where it enters and where it leaves. */
export function xdpOtherHooks(lock: NetworkLock, own: OwnPrograms): DeviceHooks {
  const devices = new DevicePrograms(lock);
  return new DeviceHooks(lock, {
    by: 'XDP',
    isOwn: (programId) => own.has(programId),
    filters: ['ingress', 'egress'],
    chains: ['ingress', 'egress'],
    qdiscs: true,
    programs: async (ifindexes) => {
      const found = await devices.tcx(ifindexes, ['ingress', 'egress']);
      const foreign = [...found].filter(([, ids]) => ids.some((id) => !own.has(id)));
      return new Map(foreign.map(([ifindex]) => [ifindex, WHY_NOT_TCX]));
    },
  });
}
