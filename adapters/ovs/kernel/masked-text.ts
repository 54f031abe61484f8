/** `%#x` of C: 0 has no prefix. */
export function hex(value: number | bigint): string {
  return Number(value) === 0 ? '0' : `0x${value.toString(16)}`;
}

/** Bytes as one hexadecimal number (ds_put_hex in lib/dynamic-string.c). */
export function hexBytes(bytes: Buffer): string {
  return hex(bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`));
}

export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

export function isOnes(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0xff);
}

/** How a value and its mask are written (the format_* helpers of lib/odp-util.c). */
export interface Notation {
  readonly value: (bytes: Buffer) => string;
  readonly mask: (bytes: Buffer) => string;
}

const be = (bytes: Buffer): number => bytes.readUIntBE(0, bytes.length);
const dotted = (bytes: Buffer): string => bytes.join('.');
const colons = (bytes: Buffer): string => bytes.toString('hex').replace(/..(?!$)/g, '$&:');

export const DECIMAL: Notation = { value: (b) => String(be(b)), mask: (b) => hex(be(b)) };
export const HEXADECIMAL: Notation = { value: (b) => hex(be(b)), mask: (b) => hex(be(b)) };
/** A tunnel id keeps its prefix when it is 0. */
export const TUNNEL_ID: Notation = {
  value: (b) => `0x${b.readBigUInt64BE(0).toString(16)}`,
  mask: (b) => hex(b.readBigUInt64BE(0)),
};
export const IPV4: Notation = { value: dotted, mask: dotted };
export const MAC: Notation = { value: colons, mask: colons };
export const IPV6: Notation = { value: ipv6Text, mask: ipv6Text };

/**
 * `name=value/mask`; undefined when the mask is zero and `verbose` is not set.
 *
 * @param mask undefined: every bit counts
 */
export function maskedPart(
  name: string,
  notation: Notation,
  value: Buffer,
  mask: Buffer | undefined,
  verbose: boolean,
): string | undefined {
  if (mask === undefined || isOnes(mask)) return `${name}=${notation.value(value)}`;
  if (!verbose && isZero(mask)) return undefined;
  return `${name}=${notation.value(value)}/${notation.mask(mask)}`;
}

/** Parts that are there, separated by commas. */
export function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(',');
}

/** As inet_ntop of glibc writes an address. */
export function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i));
  const { start, length } = longestZeros(groups);
  if (isMappedIpv4(groups, start, length)) {
    const prefix = length === 6 ? '::' : '::ffff:';
    return prefix + dotted(bytes.subarray(12, 16));
  }
  const text = (part: readonly number[]): string => part.map((g) => g.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** `::a.b.c.d` and `::ffff:a.b.c.d`. */
function isMappedIpv4(groups: readonly number[], start: number, length: number): boolean {
  if (start !== 0) return false;
  return length === 6 || (length === 5 && groups[5] === 0xffff);
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (start + length < groups.length && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
