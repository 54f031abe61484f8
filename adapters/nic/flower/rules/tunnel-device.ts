import type { TunnelKind } from '../../../../engine/model/tunnel.ts';

/** A device that tunnels of one kind share. */
export interface TunnelDevice {
  readonly kind: TunnelKind;
  /** UDP port to which its packets are sent. */
  readonly port: number;
}

const KINDS: Readonly<Record<string, TunnelKind>> = { vxlan: 'vxlan', genev: 'geneve' };

/**
 * The tunnel of a device by its name, such as `vxlan_sys_4789` or `genev_sys_6081`: ovs-vswitchd names them so
 * (`netdev_vport_get_dpif_port` in lib/netdev-vport.c). Undefined: it is no such device.
 */
export function tunnelDevice(name: string): TunnelDevice | undefined {
  const [, prefix = '', port = ''] = /^([a-z]+)_sys_(\d+)$/.exec(name) ?? [];
  const kind = KINDS[prefix];
  return kind === undefined ? undefined : { kind, port: Number(port) };
}
