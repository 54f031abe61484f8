import type { ConnectionTuple } from '../../model/connection.ts';

/** Range of UDP source ports of tunnels in ovs-vswitchd (lib/netdev-native-tnl.c). */
const MIN_PORT = 32_768;
const MAX_PORT = 61_000;
/** Basis of the last step of flow_hash_5tuple (lib/flow.c). */
const FINAL = 42;

/**
 * UDP source port of the tunnel's packets for one direction of a connection: as ovs-vswitchd derives it
 * from the headers of the packet as it entered (netdev_tnl_get_src_port), so that the packets of an entry
 * take the same way through the underlay as those of the vSwitch.
 *
 * It is the same port where ovs-vswitchd is built without CRC32 instructions, as Debian builds it, and
 * the device gives packets no hash. Elsewhere it is another port of the range, which does not change.
 */
export function tunnelSourcePort({
  protocol,
  src,
  dst,
  srcPort,
  dstPort,
}: ConnectionTuple): number {
  let hash = 0;
  // All of the source address before the destination; OVS adds words of this machine's byte order.
  for (const address of [src, dst]) {
    for (let at = 0; at < address.length; at += 4) hash = add(hash, littleEndian(address, at));
  }
  hash = add(hash, protocol);
  const ports = Uint8Array.of(srcPort >> 8, srcPort & 0xff, dstPort >> 8, dstPort & 0xff);
  hash = finish(add(hash, littleEndian(ports, 0)) ^ FINAL);
  return MIN_PORT + Math.floor((hash * (MAX_PORT - MIN_PORT)) / 2 ** 32);
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** `mhash_add` of lib/hash.h: a step of MurmurHash3. */
function add(hash: number, data: number): number {
  const mixed = hash ^ Math.imul(rotated(Math.imul(data, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotated(mixed, 13), 5) + 0xe6546b64) | 0;
}

/** `mhash_finish` of lib/hash.h. */
function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
