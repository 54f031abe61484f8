import type { PortInfo } from '../../../engine/model/port.ts';
import type { HookName } from '../core/attached.ts';
import type { HookChoice } from '../core/hook.ts';

/** What is configured: one hook for all ports, or the one that fits each. */
export type HookSetting = HookName | 'auto';

/** What {@link chooseHook} decides by. */
export interface HookFacts {
  readonly setting: HookSetting;
  /** The hook that the kernel has at tc ingress; or why none can be used. */
  readonly ingress: 'tcx' | 'cls_bpf' | { readonly unusable: string };
}

/**
 * Decides which hook serves a port: one at tc ingress where the vSwitch takes packets behind it,
 * otherwise XDP.
 */
export function chooseHook(
  { datapath }: Pick<PortInfo, 'datapath'>,
  { setting, ingress }: HookFacts,
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
  if (typeof ingress !== 'string') {
    return { hook: 'xdp', reason: 'program-rejected', why: ingress.unusable };
  }
  if (ingress === 'cls_bpf') {
    return {
      hook: 'cls_bpf',
      reason: 'no-tcx',
      why:
        'the kernel datapath takes packets behind tc filters, where they keep their offloads; tcx, ' +
        'which does the same, needs Linux 6.6',
    };
  }
  return {
    hook: 'tcx',
    reason: 'kernel-datapath',
    why: 'the kernel datapath takes packets behind tcx, where they keep their offloads',
  };
}
