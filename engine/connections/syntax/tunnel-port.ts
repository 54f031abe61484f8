import type { TunnelKind } from '../../model/tunnel.ts';

/** Names that OVS gives to tunnels in a datapath (netdev_vport_get_dpif_port in lib/netdev-vport.c). */
const GENEVE = /^genev_sys_\d+$/;
const VXLAN = /^vxlan_sys_\d+$/;

/** What tunnels end at a port of the datapath; undefined: it is no port of tunnels, or of other ones. */
export function tunnelKindOf(port: string): TunnelKind | undefined {
  if (GENEVE.test(port)) return 'geneve';
  return VXLAN.test(port) ? 'vxlan' : undefined;
}
