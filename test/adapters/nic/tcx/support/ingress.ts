import type { Need } from '../../../../support/needs.ts';

/** The hooks at tc ingress, and what a kernel must have for them besides BPF. */
export const INGRESS_HOOKS: readonly { readonly hook: 'tcx' | 'cls_bpf'; readonly need: Need }[] = [
  { hook: 'tcx', need: 'tcx' },
  { hook: 'cls_bpf', need: 'xdp' },
];
