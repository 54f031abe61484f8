import type { FlowId } from '../../../engine/model/flow-id.ts';
import { word } from './bytes.ts';
import { HEX_PAIR } from './hex.ts';

/** `ufid:` and a UUID. */
export const UFID_LENGTH = 41;
const UFID = word('ufid');
const DASH = 0x2d;

/** Where the pairs of digits of a UUID begin. */
const PAIRS_AT = new Uint8Array([5, 7, 9, 11, 14, 16, 19, 21, 24, 26, 29, 31, 33, 35, 37, 39]);

/** The words of a ufid, reused for every line. */
export class Ufid implements FlowId {
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;

  /**
   * Reads `ufid:` and a UUID (odp_format_ufid in lib/odp-util.c) strictly; false for any other text
   * at `at`.
   */
  read(bytes: Uint8Array, view: DataView, at: number, end: number): boolean {
    if (at + UFID_LENGTH > end || view.getInt32(at, true) !== UFID || bytes[at + 4] !== 0x3a) {
      return false;
    }
    const dashed =
      bytes[at + 13] === DASH &&
      bytes[at + 18] === DASH &&
      bytes[at + 23] === DASH &&
      bytes[at + 28] === DASH;
    if (!dashed) return false;
    let digits = 0;
    for (let i = 0; i < PAIRS_AT.length; i++) {
      digits |= HEX_PAIR[view.getUint16(at + PAIRS_AT[i], true)];
    }
    if (digits > 0xff) return false;
    this.w0 = ufidWord0(view, at) >>> 0;
    this.w1 = ufidWord1(view, at) >>> 0;
    this.w2 = ufidWord2(view, at) >>> 0;
    this.w3 = ufidWord3(view, at) >>> 0;
    return true;
  }
}

/**
 * The first word of the UUID at `at`, as a signed or unsigned 32-bit number; does not check the
 * digits. The other functions likewise.
 */
export function ufidWord0(view: DataView, at: number): number {
  return (hex4(view, at + 5) << 16) | hex4(view, at + 9);
}

export function ufidWord1(view: DataView, at: number): number {
  return (hex4(view, at + 14) << 16) | hex4(view, at + 19);
}

export function ufidWord2(view: DataView, at: number): number {
  return (hex4(view, at + 24) << 16) | hex4(view, at + 29);
}

export function ufidWord3(view: DataView, at: number): number {
  return (hex4(view, at + 33) << 16) | hex4(view, at + 37);
}

/** Four hexadecimal digits at once: each byte to its nibble, then the nibbles side by side. */
function hex4(view: DataView, at: number): number {
  const text = view.getInt32(at, false);
  const nibbles = (text & 0x0f0f0f0f) + Math.imul((text >>> 6) & 0x01010101, 9);
  const pairs = nibbles | (nibbles >>> 4);
  return ((pairs >>> 8) & 0xff00) | (pairs & 0xff);
}
