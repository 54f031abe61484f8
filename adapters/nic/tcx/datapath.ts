import type { PortInfo } from '../../../engine/model/port.ts';

/**
 * Why the packets of a port would arrive twice: only the kernel datapath takes them behind tcx. The
 * userspace datapath reads them from a socket of the device, before tcx.
 */
export function datapathRefusal({ bridge, datapath }: PortInfo): string | undefined {
  if (datapath === 'kernel') return undefined;
  if (datapath === undefined) {
    return `the datapath of bridge ${bridge} is not known, and tcx serves only the kernel datapath`;
  }
  return (
    `bridge ${bridge} has the userspace datapath (datapath_type netdev), which gets packets before ` +
    'tcx: set backend.adapter to "auto" or "xdp"'
  );
}
