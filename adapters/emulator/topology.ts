import type { Endpoint } from './connection.ts';
import { NodePorts } from './node-ports.ts';
import type { NodeSettings } from './options.ts';

/** A VM: where it is attached, and its slice. */
export interface Vm {
  readonly endpoint: Endpoint;
  readonly slice: number;
  /** The NIC port that its connections with the outside use, as in the 2012 study. */
  readonly uplink: number;
}

/** The node's ports, VMs and slices. */
export interface Topology {
  readonly ports: NodePorts;
  readonly vms: readonly Vm[];
  /** VMs of each slice. */
  readonly slices: readonly (readonly Vm[])[];
  /** Number and name of the NIC ports. */
  readonly uplinks: readonly { readonly number: number; readonly name: string }[];
}

/** VLAN of a slice on the NIC ports. */
export function vlanOf(slice: number): number {
  return 100 + slice;
}

/** Builds bridge `br0` with NIC ports `p0`, `p1` and one port `vm<n>` for each VM. */
export function buildTopology(settings: NodeSettings): Topology {
  const ports = new NodePorts();
  const plain = { bridge: 'br0', shaped: false, policed: false };
  const base = { ...plain, mac: undefined, vm: undefined, slice: undefined };
  ports.add({ ...base, name: 'br0', kind: 'internal', linkBitsPerSecond: undefined });
  const uplinks = ['p0', 'p1'].map((name) => ({
    name,
    number: ports.add({
      ...base,
      name,
      kind: 'uplink',
      linkBitsPerSecond: settings.linkBitsPerSecond,
    }),
  }));
  const vms: Vm[] = [];
  for (let i = 0; i < settings.vms; i++) {
    const slice = i % settings.slices.length;
    const mac = `52:54:00:00:${hexByte(i >> 8)}:${hexByte(i)}`;
    const name = `vm${i}`;
    ports.add({
      ...plain,
      name,
      kind: 'vm',
      mac,
      vm: `vm-${i}`,
      slice: settings.slices[slice],
      linkBitsPerSecond: settings.linkBitsPerSecond,
    });
    const address = 0x0a00_0000 + slice * 0x1_0000 + i + 1;
    vms.push({
      endpoint: { port: name, mac, address, vid: undefined },
      slice,
      uplink: Math.floor(i / settings.slices.length) % uplinks.length,
    });
  }
  const slices = settings.slices.map((_, slice) => vms.filter((vm) => vm.slice === slice));
  return { ports, vms, slices, uplinks };
}

function hexByte(n: number): string {
  return (n & 0xff).toString(16).padStart(2, '0');
}
