import type { FlowAction } from './action.ts';
import type { TunnelKind } from './tunnel.ts';

/** Names that OVS gives to tunnels in a datapath (netdev_vport_get_dpif_port in lib/netdev-vport.c). */
const GENEVE = /^genev_sys_\d+$/;
const VXLAN = /^vxlan_sys_\d+$/;

const POP = 'tnl_pop(';

/** What tunnels end at a port of the datapath; undefined: it is no port of tunnels, or of other ones. */
export function tunnelKindOf(port: string): TunnelKind | undefined {
  if (GENEVE.test(port)) return 'geneve';
  return VXLAN.test(port) ? 'vxlan' : undefined;
}

/**
 * The port of `tnl_pop(PORT)`, which takes packets out of their tunnel in the userspace datapath: they enter the
 * vSwitch again by that port. Undefined for other actions.
 */
export function poppedPort(action: FlowAction): string | undefined {
  if (action.kind !== 'opaque' || !action.text.startsWith(POP)) return undefined;
  return action.text.slice(POP.length, -1);
}
