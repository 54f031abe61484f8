import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { ingressTable, type TableOptions, xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import type { Need } from '../../../support/needs.ts';
import { builtObject } from './object.ts';

/** The hooks of a NIC table, and what a kernel must have for them. */
export const HOOKS = [
  { hook: 'xdp', need: 'xdp' },
  { hook: 'tcx', need: 'tcx' },
  { hook: 'cls_bpf', need: 'xdp' },
] as const satisfies readonly { readonly hook: string; readonly need: Need }[];

/** The NIC table that the daemon makes for this hook as `backend.adapter`. */
export function tableAt(
  hook: (typeof HOOKS)[number]['hook'],
  options: Omit<TableOptions, 'objectPath'>,
): HostBackend {
  if (hook === 'xdp') return xdpTable({ ...options, objectPath: builtObject('xdp'), mode: 'auto' });
  return ingressTable(hook, { ...options, objectPath: builtObject('tcx') });
}
