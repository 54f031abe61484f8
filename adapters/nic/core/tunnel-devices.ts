import { readdirSync } from 'node:fs';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import { ifindexOf } from './device.ts';

const SYS_CLASS_NET = '/sys/class/net';

/**
 * The ports by the names that flows have for them. A tunnel of the vSwitch has no device of its name: tunnels of one kind
 * share a device, such as `vxlan_sys_4789`, which flows name. The first of them stands for all.
 *
 * @param deviceOf name of the device with an ifindex
 * @param indexOf current ifindex of a device by name
 */
export function byDevice(
  ports: PortSnapshot,
  deviceOf: (ifindex: number) => string | undefined = deviceNameOf,
  indexOf: (name: string) => number | undefined = ifindexOf,
): PortSnapshot {
  const found = new Map<string, PortInfo>();
  for (const port of ports.values()) {
    const { name, kind, ifindex } = port;
    const isShared = kind === 'other' && ifindex !== 0 && indexOf(name) !== ifindex;
    const device = isShared ? deviceOf(ifindex) : name;
    if (device !== undefined && !found.has(device)) found.set(device, { ...port, name: device });
  }
  return found;
}

function deviceNameOf(ifindex: number): string | undefined {
  return readdirSync(SYS_CLASS_NET).find((name) => ifindexOf(name) === ifindex);
}
