import type { PortInfo, PortSnapshot } from '../../engine/model/port.ts';

/**
 * Bridges the time after a restart of ovsdb-server, whose ephemeral columns (such as `ifindex` and
 * `mac_in_use`, see vswitch.ovsschema) are empty until vswitchd has written them again.
 *
 * A port with the same row that only lacks ephemeral values keeps the earlier ones. Ports that are
 * gone, and ports with another ifindex, change at once.
 *
 * @returns the ports, and whether none of them still has earlier values
 */
export function bridged(
  ports: PortSnapshot,
  before: PortSnapshot,
): { readonly ports: PortSnapshot; readonly settled: boolean } {
  const result = new Map<string, PortInfo>();
  let settled = true;
  for (const [name, port] of ports) {
    const known = before.get(name);
    if (known?.uuid === port.uuid && known.ifindex > 0 && port.ifindex === 0) {
      settled = false;
      const { ifindex, mac, linkBitsPerSecond } = known;
      result.set(name, { ...port, ifindex, mac: port.mac ?? mac, linkBitsPerSecond });
    } else {
      result.set(name, port);
    }
  }
  return { ports: result, settled };
}
