import { HEX, HEX_PAIR } from './hex.ts';

/** How a value is written (the format_* helpers of lib/odp-util.c). */
export type ValueFormat = 'number' | 'mac' | 'ipv4' | 'ipv6' | 'frag' | 'tcp-flags';

const COLON = 0x3a;
const DOT = 0x2e;

/** Bits of `packet_tcp_flag_to_string` (lib/packets.c). */
const TCP_FLAGS: readonly (readonly [string, number])[] = [
  ['fin', 0x001],
  ['syn', 0x002],
  ['rst', 0x004],
  ['psh', 0x008],
  ['ack', 0x010],
  ['urg', 0x020],
  ['ece', 0x040],
  ['cwr', 0x080],
  ['ns', 0x100],
  ['[200]', 0x200],
  ['[400]', 0x400],
  ['[800]', 0x800],
];

/** Largest number in so many bytes. */
const LARGEST: readonly number[] = [0, 0xff, 0xffff, 0xffffff, 0xffffffff];

const FRAGMENTS: readonly string[] = ['no', 'first', 'later'];

/**
 * Reads a decimal number of up to `width` bytes, or a hexadecimal one behind `0x`, into `out[to]`.
 * Returns where it ends; -1 when there is none or it is too large.
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
 * Reads six pairs of hexadecimal digits with colons between into `out[to]` (four bytes) and the
 * word behind it (two). Returns where they end, or -1. `view` is of `bytes`, and must reach that
 * far.
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

/**
 * Reads values from bytes. `at` moves past what was read, which lies in `words` as numbers of 32
 * bits: one for what has up to 32 bits, two for a MAC (its first four bytes, its last two), four
 * for an IPv6 address. Nothing is allocated.
 */
export class ValueReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** Of the same bytes. */
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;
  readonly words = new Int32Array(4);
  readonly #groups = new Uint16Array(8);

  /** {@link readNumber} */
  number(width: number): boolean {
    return this.#moveTo(readNumber(this.bytes, this.at, width, this.words, 0));
  }

  /** {@link readMac} */
  mac(): boolean {
    const fits = this.at + 17 <= this.bytes.length;
    return fits && this.#moveTo(readMac(this.bytes, this.view, this.at, this.words, 0));
  }

  /** {@link readIpv4} */
  ipv4(): boolean {
    return this.#moveTo(readIpv4(this.bytes, this.at, this.words, 0));
  }

  /** As inet_ntop writes it: `::` for a run of zeros, perhaps a dotted quad at the end. */
  ipv6(): boolean {
    const { bytes, words } = this;
    const groups = this.#groups;
    let filled = 0;
    let gap = -1;
    if (bytes[this.at] === COLON) {
      if (bytes[this.at + 1] !== COLON) return false;
      this.at += 2;
      gap = 0;
    }
    while (filled < 8) {
      const start = this.at;
      let value = 0;
      for (let d = HEX[bytes[this.at]]; d < 16; d = HEX[bytes[++this.at]]) value = value * 16 + d;
      const digits = this.at - start;
      if (digits === 0) break;
      if (bytes[this.at] === DOT) {
        this.at = start;
        if (filled > 6 || !this.ipv4()) return false;
        groups[filled++] = words[0] >>> 16;
        groups[filled++] = words[0];
        break;
      }
      if (digits > 4) return false;
      groups[filled++] = value;
      if (bytes[this.at] !== COLON) break;
      if (bytes[this.at + 1] === COLON) {
        if (gap >= 0) return false;
        gap = filled;
        this.at += 2;
      } else if (HEX[bytes[this.at + 1]] > 15 || filled === 8) {
        return false;
      } else {
        this.at++;
      }
    }
    if (gap < 0 ? filled !== 8 : filled === 8) return false;
    if (gap >= 0) {
      // The groups behind the gap move to the end.
      for (let to = 7, from = filled - 1; to >= gap; to--, from--) {
        groups[to] = from >= gap ? groups[from] : 0;
      }
    }
    for (let i = 0; i < 4; i++) words[i] = (groups[2 * i] << 16) | groups[2 * i + 1];
    return true;
  }

  /** `no`, `first` or `later`, as 0, 1 or 2. */
  fragment(): boolean {
    const found = FRAGMENTS.findIndex((name) => this.word(name));
    if (found < 0) return false;
    this.words[0] = found;
    return true;
  }

  /**
   * TCP flags: `+syn-ack` for those that must be set and clear, `syn|ack` or `0` for an exact
   * match, `0/0` for none. The mask comes to `mask[0]`.
   */
  tcpFlags(mask: Int32Array): boolean {
    const { bytes, words } = this;
    const first = bytes[this.at];
    let value = 0;
    mask[0] = 0;
    if (first === 0x2b || first === 0x2d) {
      while (bytes[this.at] === 0x2b || bytes[this.at] === 0x2d) {
        const set = bytes[this.at++] === 0x2b;
        const bit = this.#tcpFlag();
        if (bit === 0) return false;
        mask[0] |= bit;
        if (set) value |= bit;
      }
    } else if (!this.word('0/0')) {
      mask[0] = 0xfff;
      while (HEX[bytes[this.at]] !== 0) {
        const bit = this.#tcpFlag();
        if (bit === 0) return false;
        value |= bit;
        if (bytes[this.at] !== 0x7c) break;
        this.at++;
      }
      if (value === 0 || bytes[this.at - 1] === 0x7c) {
        if (!this.number(2)) return false;
        value |= words[0];
      }
    }
    words[0] = value;
    return true;
  }

  /** Moves past `text` if it stands here. */
  word(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      if (this.bytes[this.at + i] !== text.charCodeAt(i)) return false;
    }
    this.at += text.length;
    return true;
  }

  #moveTo(at: number): boolean {
    if (at < 0) return false;
    this.at = at;
    return true;
  }

  #tcpFlag(): number {
    for (const [name, bit] of TCP_FLAGS) if (this.word(name)) return bit;
    return 0;
  }
}
