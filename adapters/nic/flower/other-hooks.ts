import type { AttachedFilter } from '../../../protocols/netlink/tc/traffic-control.ts';
import { DeviceHooks, type HookRules } from '../core/device-hooks.ts';
import { DevicePrograms } from '../core/device-programs.ts';
import { SystemCallFailed } from '../core/errors.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import type { RulesIn } from './options.ts';
import { GATE_PROGRAM } from './gate.ts';
import { GATE_PRIORITY, isRulePriority } from './priorities.ts';
import { flowIdOfCookie } from './rules/cookie.ts';

const WHY_NOT_TCX =
  'its device has a tcx program at ingress, which forwards packets before the rules';
const WHY_NOT_XDP = 'its device has an XDP program, which forwards packets before the rules';

/**
 * What rules bypass. In software: hooks behind tc ingress, and nftables chains at egress, from which the
 * kernel exempts redirected packets (`nf_skip_egress` in net/core/dev.c). In hardware: everything.
 */
const BYPASSED: Readonly<Record<RulesIn, Pick<HookRules, 'by' | 'filters' | 'chains' | 'qdiscs'>>> =
  {
    software: {
      by: 'a rule of tc flower',
      filters: ['ingress'],
      chains: ['ingress', 'egress'],
      qdiscs: false,
    },
    hardware: {
      by: 'a rule in the NIC',
      filters: ['ingress', 'egress'],
      chains: ['ingress', 'egress'],
      qdiscs: true,
    },
  };

/** The other hooks that keep a device from being served; our own filters are not among them. */
export function flowerOtherHooks(lock: NetworkLock, rulesIn: RulesIn): DeviceHooks {
  const devices = new DevicePrograms(lock);
  const hasXdp = async (ifindex: number): Promise<boolean> => {
    try {
      const { native, generic } = await devices.xdp(ifindex);
      return native !== 0 || generic !== 0;
    } catch (error) {
      if (error instanceof SystemCallFailed) return false; // The device is gone.
      throw error;
    }
  };
  return new DeviceHooks(lock, {
    ...BYPASSED[rulesIn],
    isOwn: () => false,
    isOwnRule,
    programs: async (ifindexes) => {
      const found = new Map<number, string>();
      for (const ifindex of (await devices.tcx(ifindexes, ['ingress'])).keys()) {
        found.set(ifindex, WHY_NOT_TCX);
      }
      for (const ifindex of ifindexes) if (await hasXdp(ifindex)) found.set(ifindex, WHY_NOT_XDP);
      return found;
    },
  });
}

/** True for our rules, whose cookie is a flow id, and the gate. Heads of lists have no content. */
export function isOwnRule({
  kind,
  handle,
  priority,
  programName,
  cookie,
}: AttachedFilter): boolean {
  if (kind === 'bpf') {
    return priority === GATE_PRIORITY && (handle === 0 || programName === GATE_PROGRAM);
  }
  if (kind !== 'flower' || !isRulePriority(priority)) return false;
  return handle === 0 || (cookie !== undefined && flowIdOfCookie(cookie) !== undefined);
}
