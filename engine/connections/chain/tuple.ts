import type { ConnectionTuple } from '../../model/connection.ts';
import type { FieldName } from '../../model/match.ts';
import { sameBytes } from '../../model/same-actions.ts';

/** IP protocols of connections that can have an entry. */
export const TCP = 6;
export const UDP = 17;

/** Values of a packet's headers. */
type ValueOf = (field: FieldName) => Uint8Array | undefined;

/** The tuple of a TCP or UDP packet that is no fragment; undefined for others. */
export function tupleOf(valueOf: ValueOf): ConnectionTuple | undefined {
  const protocol = valueOf('ip_proto')?.[0];
  if (protocol !== TCP && protocol !== UDP) return undefined;
  const isIpv4 = valueOf('ipv4_src') !== undefined;
  const src = valueOf(isIpv4 ? 'ipv4_src' : 'ipv6_src');
  const dst = valueOf(isIpv4 ? 'ipv4_dst' : 'ipv6_dst');
  const srcPort = valueOf(protocol === TCP ? 'tcp_src' : 'udp_src');
  const dstPort = valueOf(protocol === TCP ? 'tcp_dst' : 'udp_dst');
  const isWhole = src !== undefined && dst !== undefined;
  if (!isWhole || srcPort === undefined || dstPort === undefined) return undefined;
  if ((valueOf('ip_frag')?.[0] ?? 0) !== 0) return undefined;
  const ports = { srcPort: numberOf(srcPort), dstPort: numberOf(dstPort) };
  return { ipVersion: isIpv4 ? 4 : 6, protocol, src, dst, ...ports };
}

/** The tuple of packets in the other direction, without translation. */
export function mirrored(tuple: ConnectionTuple): ConnectionTuple {
  const { src, dst, srcPort, dstPort } = tuple;
  return { ...tuple, src: dst, dst: src, srcPort: dstPort, dstPort: srcPort };
}

/** True if address and port of the source are the same. */
export function sameSource(a: ConnectionTuple, b: ConnectionTuple): boolean {
  return a.srcPort === b.srcPort && sameBytes(a.src, b.src);
}

/** True if address and port of the destination are the same. */
export function sameDestination(a: ConnectionTuple, b: ConnectionTuple): boolean {
  return a.dstPort === b.dstPort && sameBytes(a.dst, b.dst);
}

/** A number of up to four bytes in network byte order. */
export function numberBytes(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (value >>> (8 * (bytes - 1 - i))) & 0xff);
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}
