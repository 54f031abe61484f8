import type { PortInfo } from '../engine/model/port.ts';

/** A VM's port for benchmarks. */
export function vmPort(name: string): PortInfo {
  return {
    name,
    uuid: `uuid-of-${name}`,
    ifindex: 1,
    bridge: 'br0',
    kind: 'vm',
    mac: undefined,
    vm: name,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}

/** A NIC's port of 10 Gbit/s. */
export function uplink(name: string): PortInfo {
  return { ...vmPort(name), kind: 'uplink', vm: undefined, linkBitsPerSecond: 10e9 };
}
