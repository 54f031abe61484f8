import { FIELD_BITS, type FieldName } from '../../engine/model/match.ts';

/**
 * Value and mask of a field as people write them: addresses as addresses with `/prefix` or
 * `/mask`, ethertypes in hexadecimal, other numbers in decimal; an exact mask is left out.
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
  if (isMac(field)) return Array.from(value, (byte) => hex2(byte)).join(':');
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

/** Length of the prefix that `mask` is, or undefined when its bits are not one run from the top. */
function prefixLength(mask: Uint8Array, bits: number): number | undefined {
  const binary = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(-bits);
  const ones = binary.indexOf('0');
  if (ones === -1) return bits;
  return binary.includes('1', ones) ? undefined : ones;
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

function hexadecimal(bytes: Uint8Array): string {
  return `0x${Array.from(bytes, hex2)
    .join('')
    .replace(/^0+(?=.)/, '')}`;
}

function hex2(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
