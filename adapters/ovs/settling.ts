import type { PortInfo, PortSnapshot } from '../../engine/model/port.ts';

/**
 * Bridges the moment after ovsdb-server was started again: its ephemeral columns, `ifindex` and
 * `mac_in_use` among them (vswitch.ovsschema), are empty until vswitchd has written them again.
 *
 * A port that was known before, has the same row and only lacks what is ephemeral keeps what was
 * known of it. Ports that are gone, and ports with another ifindex, are seen at once.
 *
 * @returns the ports, and whether any of them still lives on what was known before
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
