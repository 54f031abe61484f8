import { HEX } from './hex.ts';
import { readIpv4, readMac, readNumber } from './read-value.ts';

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

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
const FRAGMENTS: readonly string[] = ['no', 'first', 'later'];

/**
 * Reads values from bytes without allocation. `at` advances past the value, which is stored in
 * `words`: one 32-bit word for up to 32 bits, two for a MAC (four bytes, then two), four for an
 * IPv6 address.
 */
export class ValueReader {
  bytes: Uint8Array = NO_BYTES;
  /** A view of the same bytes. */
  view: DataView = NO_VIEW;
  at = 0;
  readonly words = new Int32Array(4);
  readonly #groups = new Uint16Array(8);

  /** Drops the reference to the bytes, whose buffer may be hundreds of MB. */
  release(): void {
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
  }

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

  /** As inet_ntop writes it: `::` for a run of zeros, optionally a dotted quad at the end. */
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
      // The groups after the gap move to the end.
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
   * match, `0/0` for none. Writes the mask to `mask[0]`.
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

  /** Moves past `text` if it is at the current position. */
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
