import { readFileSync } from 'node:fs';

/** Current ifindex of a device by name; undefined when it does not exist. Does not wait. */
export function ifindexOf(name: string, sysClassNet = '/sys/class/net'): number | undefined {
  try {
    return Number.parseInt(readFileSync(`${sysClassNet}/${name}/ifindex`, 'utf8'), 10);
  } catch {
    return undefined;
  }
}

/** Largest IP packet of a device, bytes; Infinity when it does not exist. */
export function mtuOf(name: string, sysClassNet = '/sys/class/net'): number {
  try {
    return Number.parseInt(readFileSync(`${sysClassNet}/${name}/mtu`, 'utf8'), 10);
  } catch {
    return Infinity;
  }
}
