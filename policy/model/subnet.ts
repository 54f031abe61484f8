import { ipv4Bytes, ipv6Bytes } from '../../text/ip-address.ts';

/** An IP address, or a prefix of one, in network byte order. */
export interface Subnet {
  /** 4 bytes for IPv4, 16 for IPv6; bits after the prefix are 0. */
  readonly bytes: Uint8Array;
  /** Length of the prefix, bits; an address has the full length. */
  readonly length: number;
}

/**
 * Parses `10.0.0.0/8`, `fd00::/8` or an address (RFC 4632, 3.1; RFC 4291, 2.2 and 2.3). Undefined
 * if the text is invalid or has bits set after the prefix.
 */
export function parseSubnet(text: string): Subnet | undefined {
  const [address, prefix, ...more] = text.split('/');
  const bytes = address.includes(':') ? ipv6Bytes(address) : ipv4Bytes(address);
  if (bytes === undefined || more.length > 0) return undefined;
  const bits = bytes.length * 8;
  if (prefix === undefined) return { bytes, length: bits };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) return undefined;
  const length = Number(prefix);
  const masked = bytes.map((byte, i) => byte & maskByte(length, i));
  return masked.every((byte, i) => byte === bytes[i]) ? { bytes, length } : undefined;
}

/** True if `outer` contains every address of `inner`. */
export function containsSubnet(outer: Subnet, inner: Subnet): boolean {
  if (outer.bytes.length !== inner.bytes.length || inner.length < outer.length) return false;
  return outer.bytes.every((byte, i) => byte === (inner.bytes[i] & maskByte(outer.length, i)));
}

/** Length of the prefix that a mask selects, bits; undefined if it is not the mask of a prefix. */
export function prefixLength(mask: Uint8Array): number | undefined {
  const end = mask.findIndex((byte) => byte !== 0xff);
  const length = end < 0 ? mask.length * 8 : end * 8 + Math.clz32(~(mask[end] << 24));
  return mask.every((byte, i) => byte === maskByte(length, i)) ? length : undefined;
}

/** Byte `i` of the mask of a prefix with `length` bits. */
export function maskByte(length: number, i: number): number {
  const bits = Math.max(0, Math.min(8, length - i * 8));
  return (0xff00 >> bits) & 0xff;
}
