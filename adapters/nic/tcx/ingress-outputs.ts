import type { Outputs } from '../core/hook.ts';
import { arrivalRefusal, tunnelRefusal } from './device-tunnels.ts';

/**
 * Every device sends what a program at tc ingress redirects to it, as it sends what the vSwitch does:
 * through its egress hooks and qdisc, completed by its offloads or by the kernel.
 */
export const INGRESS_OUTPUTS: Outputs = {
  refresh: () => Promise.resolve(),
  matchRefusal: () => undefined,
  arrivalRefusal,
  tunnelRefusal,
  targetRefusal: () => undefined,
  lost: () => false,
  suspended: () => undefined,
  forget: () => undefined,
  watch: () => undefined,
};
