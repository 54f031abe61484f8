import { HEX, HEX_PAIR } from './hex.ts';

const COLON = 0x3a;
const DOT = 0x2e;

/** Largest number by length in bytes. */
const LARGEST: readonly number[] = [0, 0xff, 0xffff, 0xffffff, 0xffffffff];

/**
 * Reads a decimal number of up to `width` bytes, or a hexadecimal one after `0x`, into `out[to]`.
 * Returns the position after it; -1 when there is no number or it is too large.
 */
export function readNumber(
  bytes: Uint8Array,
  at: number,
  width: number,
  out: Int32Array,
  to: number,
): number {
  let p = at;
  let value = 0;
  if (bytes[p] === 0x30 && bytes[p + 1] === 0x78) {
    const start = (p += 2);
    for (let d = HEX[bytes[p]]; d < 16; d = HEX[bytes[++p]]) value = value * 16 + d;
    if (p === start) return -1;
  } else {
    for (let d = bytes[p] - 0x30; d >= 0 && d <= 9; d = bytes[++p] - 0x30) value = value * 10 + d;
    if (p === at) return -1;
  }
  if (value > LARGEST[width]) return -1;
  out[to] = value;
  return p;
}

/**
 * Reads a MAC address: four bytes into `out[to]` and two into the next word. Returns where it ends,
 * or -1. `view` is a view of `bytes` and must reach that far.
 */
export function readMac(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  out: Int32Array,
  to: number,
): number {
  const a = HEX_PAIR[view.getUint16(at, true)];
  const b = HEX_PAIR[view.getUint16(at + 3, true)];
  const c = HEX_PAIR[view.getUint16(at + 6, true)];
  const d = HEX_PAIR[view.getUint16(at + 9, true)];
  const e = HEX_PAIR[view.getUint16(at + 12, true)];
  const f = HEX_PAIR[view.getUint16(at + 15, true)];
  const colons =
    bytes[at + 2] === COLON &&
    bytes[at + 5] === COLON &&
    bytes[at + 8] === COLON &&
    bytes[at + 11] === COLON &&
    bytes[at + 14] === COLON;
  if (!colons || (a | b | c | d | e | f) > 0xff) return -1;
  out[to] = (a << 24) | (b << 16) | (c << 8) | d;
  out[to + 1] = (e << 8) | f;
  return at + 17;
}

/** Reads a dotted quad into `out[to]`. Returns where it ends, or -1. */
export function readIpv4(bytes: Uint8Array, at: number, out: Int32Array, to: number): number {
  let p = at;
  let address = 0;
  for (let i = 0; i < 4; i++) {
    let value = 0;
    const start = p;
    for (let d = bytes[p] - 0x30; d >= 0 && d <= 9; d = bytes[++p] - 0x30) value = value * 10 + d;
    if (p === start || p - start > 3 || value > 255) return -1;
    address = (address << 8) | value;
    if (i < 3 && bytes[p++] !== DOT) return -1;
  }
  out[to] = address;
  return p;
}
