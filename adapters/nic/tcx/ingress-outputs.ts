import { tunnelName } from '../../../engine/model/tunnel.ts';
import type { Outputs } from '../core/hook.ts';

/**
 * Every device sends what a program at tc ingress redirects to it, as it sends what the vSwitch does:
 * through its egress hooks and qdisc, completed by its offloads or by the kernel.
 */
export const INGRESS_OUTPUTS: Outputs = {
  refresh: () => Promise.resolve(),
  matchRefusal: () => undefined,
  arrivalRefusal: (tunnel) => ({
    code: 'unsupported-match',
    detail: `packets cannot be taken out of ${tunnelName(tunnel)} at tc ingress`,
  }),
  tunnelRefusal: (header) => ({
    code: 'unsupported-action',
    detail: `packets cannot be put into ${tunnelName(header)} at tc ingress`,
  }),
  targetRefusal: () => undefined,
  lost: () => false,
  suspended: () => undefined,
  forget: () => undefined,
  watch: () => undefined,
};
