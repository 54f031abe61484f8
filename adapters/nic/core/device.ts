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

/** `ARPHRD_ETHER`: packets of other devices may have no Ethernet header. */
const ETHERNET = '1';

/** Whether packets of a device begin with an Ethernet header; false when it does not exist. */
export function isEthernet(name: string, sysClassNet = '/sys/class/net'): boolean {
  try {
    return readFileSync(`${sysClassNet}/${name}/type`, 'utf8').trim() === ETHERNET;
  } catch {
    return false;
  }
}
