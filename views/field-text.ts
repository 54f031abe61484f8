import { FIELD_BITS, type FieldName } from '../engine/model/match.ts';

/**
 * Value and mask of a field in their usual notation: addresses with `/prefix` or `/mask`, ethertypes
 * in hexadecimal, other numbers in decimal. An exact mask is omitted.
 */
export function fieldText(field: FieldName, value: Uint8Array, mask: Uint8Array): string {
  const prefix = prefixLength(mask, FIELD_BITS[field]);
  const text = valueText(field, value);
  if (prefix === FIELD_BITS[field]) return text;
  const isIp = field.startsWith('ipv') || field === 'arp_spa' || field === 'arp_tpa';
  if (isIp && prefix !== undefined) return `${text}/${prefix}`;
  return `${text}/${isIp || isMac(field) ? valueText(field, mask) : hexadecimal(mask)}`;
}

function valueText(field: FieldName, value: Uint8Array): string {
  if (isMac(field)) return macText(value);
  if (field === 'ipv6_flabel') return hexadecimal(value);
  if (value.length === 16) return ipv6Text(value);
  if (value.length === 4) return value.join('.');
  if (field === 'eth_type' || field.endsWith('_tpid') || field === 'tcp_flags') {
    return hexadecimal(value);
  }
  return String(value.reduce((number, byte) => number * 256 + byte, 0));
}

function isMac(field: FieldName): boolean {
  return FIELD_BITS[field] === 48;
}

/** Prefix length of `mask`; undefined: it is not a prefix. */
function prefixLength(mask: Uint8Array, bits: number): number | undefined {
  let ones = 0;
  let zerosBelow = 0;
  for (const byte of mask) {
    for (let rest = byte; rest !== 0; rest &= rest - 1) ones++;
    zerosBelow = byte === 0 ? zerosBelow + 8 : 31 - Math.clz32(byte & -byte);
  }
  return ones + zerosBelow === bits ? ones : undefined;
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (bytes[2 * i] * 256 + bytes[2 * i + 1]).toString(16),
  );
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === '0') end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
  }
  if (start === -1) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function macText(bytes: Uint8Array): string {
  let text = HEX[bytes[0]];
  for (let i = 1; i < bytes.length; i++) text += `:${HEX[bytes[i]]}`;
  return text;
}

function hexadecimal(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return `0x${text.replace(/^0+(?=.)/, '')}`;
}

/** Each byte in two hexadecimal digits. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);
