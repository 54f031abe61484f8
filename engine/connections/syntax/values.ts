// Values in the notation of datapath flows (lib/odp-util.c), as bytes in network byte order.

/** A value and the bits of it that count. `value` has no bit set outside `mask`. */
export interface MaskedBytes {
  readonly value: Uint8Array;
  readonly mask: Uint8Array;
}

/** Reads one value; undefined when it is malformed or too large. */
export type ValueReader = (text: string) => Uint8Array | undefined;

const NUMBER = /^(?:0x[0-9a-f]+|\d+)$/;

function narrowBytes(number: number, bytes: number): Uint8Array | undefined {
  if (number >= 2 ** (8 * bytes)) return undefined;
  const value = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) value[i] = number >>> (8 * (bytes - 1 - i));
  return value;
}

function wideBytes(number: bigint, bytes: number): Uint8Array | undefined {
  const value = new Uint8Array(bytes);
  let rest = number;
  for (let i = bytes - 1; i >= 0; i--) {
    value[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return rest === 0n ? value : undefined;
}

/** A decimal number, or a hexadecimal one after `0x`, of `bytes` bytes. */
export function numberReader(bytes: number): ValueReader {
  return (text) => {
    if (!NUMBER.test(text)) return undefined;
    return bytes > 4 ? wideBytes(BigInt(text), bytes) : narrowBytes(Number(text), bytes);
  };
}

/** A dotted quad. */
export function readIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  const isWhole = parts.length === 4 && parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) < 256);
  return isWhole ? Uint8Array.from(parts, Number) : undefined;
}

/** A MAC address: `02:00:00:00:00:01`. */
export function readMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)) return undefined;
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16));
}

/** An IPv6 address (RFC 4291, 2.2), possibly with a dotted quad at the end. */
export function readIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupBytes);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 16 ? Uint8Array.from(head) : undefined;
  if (tail === undefined || head.length + tail.length > 14) return undefined;
  const gap = Array.from({ length: 16 - head.length - tail.length }, () => 0);
  return Uint8Array.from([...head, ...gap, ...tail]);
}

function groupBytes(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  for (const group of text.split(':')) {
    const quad = readIpv4(group);
    if (quad !== undefined) bytes.push(...quad);
    else if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    else bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
  }
  return bytes;
}

/** `value` or `value/mask`, both read by `read`; without a mask every bit counts. */
export function maskedBytes(text: string, read: ValueReader): MaskedBytes | undefined {
  const [first, second, ...more] = text.split('/');
  const value = read(first);
  const mask = second === undefined ? value?.map(() => 0xff) : read(second);
  if (value === undefined || mask === undefined || more.length > 0) return undefined;
  return { value: value.map((byte, i) => byte & mask[i]), mask };
}

/** The parts of a list that are separated by commas outside parentheses and braces. */
export function listParts(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '(' || character === '{') depth++;
    else if (character === ')' || character === '}') depth--;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}
