/** How a value is written (the format_* helpers of lib/odp-util.c). */
export type ValueFormat = 'number' | 'mac' | 'ipv4' | 'ipv6' | 'frag' | 'tcp-flags';

const COLON = 0x3a;
const DOT = 0x2e;

/** Value of a hexadecimal digit by character code; 255 for any other character. */
export const HEX = new Uint8Array(256).fill(255);
for (let i = 0; i < 16; i++) {
  HEX['0123456789abcdef'.charCodeAt(i)] = i;
  HEX['0123456789ABCDEF'.charCodeAt(i)] = i;
}

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
 * Reads values from bytes. `at` moves past what was read; what a method read lies in `out`,
 * right-aligned in the `width` bytes asked for, network byte order. Nothing is allocated.
 */
export class ValueReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  readonly out = new Uint8Array(16);

  /**
   * A decimal number, or a hexadecimal one behind `0x`, of up to four bytes; false when there is
   * none or it is too large.
   */
  number(width: number): boolean {
    const { bytes, out } = this;
    let p = this.at;
    let value = 0;
    let start = p;
    if (bytes[p] === 0x30 && bytes[p + 1] === 0x78) {
      start = p + 2;
      for (let d = HEX[bytes[(p = start)]]; d < 16; d = HEX[bytes[++p]]) value = value * 16 + d;
    } else {
      for (let d = bytes[p] - 0x30; d >= 0 && d <= 9; d = bytes[++p] - 0x30) value = value * 10 + d;
    }
    if (p === start || value > LARGEST[width]) return false;
    this.at = p;
    for (let i = width - 1, rest = value >>> 0; i >= 0; i--, rest >>>= 8) out[i] = rest;
    return true;
  }

  /** Six pairs of hexadecimal digits with colons between. */
  mac(): boolean {
    const { bytes, out } = this;
    let p = this.at;
    for (let i = 0; i < 6; i++, p += 3) {
      const high = HEX[bytes[p]];
      const low = HEX[bytes[p + 1]];
      if ((high | low) > 15 || (i < 5 && bytes[p + 2] !== COLON)) return false;
      out[i] = (high << 4) | low;
    }
    this.at = p - 1;
    return true;
  }

  /** Dotted quad, into `out[offset ..]`. */
  ipv4(offset = 0): boolean {
    const { bytes, out } = this;
    let p = this.at;
    for (let i = 0; i < 4; i++) {
      let value = 0;
      const start = p;
      for (let d = bytes[p] - 0x30; d >= 0 && d <= 9; d = bytes[++p] - 0x30) value = value * 10 + d;
      if (p === start || p - start > 3 || value > 255) return false;
      out[offset + i] = value;
      if (i < 3 && bytes[p++] !== DOT) return false;
    }
    this.at = p;
    return true;
  }

  /** As inet_ntop writes it: `::` for a run of zeros, perhaps a dotted quad at the end. */
  ipv6(): boolean {
    const { bytes, out } = this;
    let filled = 0;
    let gap = -1;
    if (bytes[this.at] === COLON) {
      if (bytes[this.at + 1] !== COLON) return false;
      this.at += 2;
      gap = 0;
    }
    while (filled < 16) {
      const start = this.at;
      let value = 0;
      for (let d = HEX[bytes[this.at]]; d < 16; d = HEX[bytes[++this.at]]) value = value * 16 + d;
      const digits = this.at - start;
      if (digits === 0) break;
      if (bytes[this.at] === DOT) {
        this.at = start;
        if (filled > 12 || !this.ipv4(filled)) return false;
        filled += 4;
        break;
      }
      if (digits > 4) return false;
      out[filled++] = value >> 8;
      out[filled++] = value & 0xff;
      if (bytes[this.at] !== COLON) break;
      if (bytes[this.at + 1] === COLON) {
        if (gap >= 0) return false;
        gap = filled;
        this.at += 2;
      } else if (HEX[bytes[this.at + 1]] > 15 || filled === 16) {
        return false;
      } else {
        this.at++;
      }
    }
    if (gap < 0) return filled === 16;
    if (filled === 16) return false;
    out.copyWithin(16 - (filled - gap), gap, filled);
    out.fill(0, gap, 16 - (filled - gap));
    return true;
  }

  /** `no`, `first` or `later`, as 0, 1 or 2. */
  fragment(): boolean {
    const found = FRAGMENTS.findIndex((name) => this.word(name));
    if (found < 0) return false;
    this.out[0] = found;
    return true;
  }

  /**
   * TCP flags: `+syn-ack` for those that must be set and clear, `syn|ack` or `0` for an exact
   * match, `0/0` for none. The value comes to `out`, the mask to `mask` (two bytes each).
   */
  tcpFlags(mask: Uint8Array): boolean {
    const { bytes } = this;
    const first = bytes[this.at];
    let value = 0;
    let care = 0;
    if (this.word('0/0')) {
      this.out.fill(0, 0, 2);
      mask.fill(0, 0, 2);
      return true;
    }
    if (first === 0x2b || first === 0x2d) {
      while (bytes[this.at] === 0x2b || bytes[this.at] === 0x2d) {
        const set = bytes[this.at++] === 0x2b;
        const bit = this.#tcpFlag();
        if (bit === 0) return false;
        care |= bit;
        if (set) value |= bit;
      }
    } else {
      care = 0xfff;
      while (HEX[bytes[this.at]] !== 0) {
        const bit = this.#tcpFlag();
        if (bit === 0) return false;
        value |= bit;
        if (bytes[this.at] !== 0x7c) break;
        this.at++;
      }
      if (value === 0 || bytes[this.at - 1] === 0x7c) {
        if (!this.number(2)) return false;
        value |= (this.out[0] << 8) | this.out[1];
        if (this.word('/0')) care = 0;
      }
    }
    this.out[0] = value >> 8;
    this.out[1] = value & 0xff;
    mask[0] = care >> 8;
    mask[1] = care & 0xff;
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

  #tcpFlag(): number {
    for (const [name, bit] of TCP_FLAGS) if (this.word(name)) return bit;
    return 0;
  }
}
