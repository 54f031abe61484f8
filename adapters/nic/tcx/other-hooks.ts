import { DeviceHooks } from '../core/device-hooks.ts';
import { DevicePrograms } from '../core/device-programs.ts';
import { SystemCallFailed } from '../core/errors.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import type { OwnPrograms } from '../core/own-programs.ts';

const WHY_NOT_TCX = 'its device has another tcx program at ingress, which a redirect may bypass';
const WHY_NOT_XDP = 'its device has an XDP program, which may forward packets itself';

/**
 * A redirect at tc ingress, by tcx or by a filter, bypasses the ingress hooks behind it, and nftables chains at egress: the
 * kernel exempts packets that tc redirects (`nf_skip_egress` in net/core/dev.c). tc filters and tcx
 * programs at egress and qdiscs handle redirected packets as they handle the vSwitch's.
 */
export function ingressOtherHooks(lock: NetworkLock, own: OwnPrograms): DeviceHooks {
  const devices = new DevicePrograms(lock);
  const hasForeignXdp = async (ifindex: number): Promise<boolean> => {
    try {
      const { native, generic } = await devices.xdp(ifindex);
      return [native, generic].some((id) => id !== 0 && !own.has(id));
    } catch (error) {
      if (error instanceof SystemCallFailed) return false; // The device is gone.
      throw error;
    }
  };
  return new DeviceHooks(lock, {
    by: 'a redirect at tc ingress',
    isOwn: (programId) => own.has(programId),
    filters: ['ingress'],
    chains: ['ingress', 'egress'],
    qdiscs: false,
    programs: async (ifindexes) => {
      const found = new Map<number, string>();
      const attached = await devices.tcx(ifindexes, ['ingress']);
      for (const [ifindex, ids] of attached) {
        if (ids.some((id) => !own.has(id))) found.set(ifindex, WHY_NOT_TCX);
      }
      for (const ifindex of ifindexes) {
        if (await hasForeignXdp(ifindex)) found.set(ifindex, WHY_NOT_XDP);
      }
      return found;
    },
  });
}
