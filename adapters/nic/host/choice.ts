import type { PortInfo } from '../../../engine/model/port.ts';
import type { HookName } from '../core/attached.ts';
import type { HookChoice } from '../core/hook.ts';

/** What is configured: one hook for all ports, or the one that fits each. */
export type HookSetting = HookName | 'auto';

/** What {@link chooseHook} decides by. */
export interface HookFacts {
  readonly setting: HookSetting;
  /** Why the kernel cannot attach programs at tcx; undefined: it can. */
  readonly noTcx: string | undefined;
}

/** Decides which hook serves a port: tcx where the vSwitch takes packets behind it, otherwise XDP. */
export function chooseHook(
  { datapath }: Pick<PortInfo, 'datapath'>,
  { setting, noTcx }: HookFacts,
): HookChoice {
  if (setting !== 'auto') {
    return { hook: setting, reason: 'configured', why: `backend.adapter is "${setting}"` };
  }
  if (datapath === 'userspace') {
    return {
      hook: 'xdp',
      reason: 'userspace-datapath',
      why: 'the userspace datapath gets packets before tcx, so behind tcx they would arrive twice',
    };
  }
  if (datapath === undefined) {
    return {
      hook: 'xdp',
      reason: 'unknown-datapath',
      why: 'the datapath of its bridge is not known, and XDP comes before each of them',
    };
  }
  if (noTcx !== undefined) return { hook: 'xdp', reason: 'no-tcx', why: noTcx };
  return {
    hook: 'tcx',
    reason: 'kernel-datapath',
    why: 'the kernel datapath takes packets behind tcx, where they keep their offloads',
  };
}
