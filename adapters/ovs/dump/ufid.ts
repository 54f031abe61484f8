import type { FlowId } from '../../../engine/model/flow-id.ts';
import { word } from './bytes.ts';
import { HEX } from './values.ts';

/** `ufid:` and a UUID. */
export const UFID_LENGTH = 41;
const UFID = word('ufid');

/** The words of a ufid, written again and again. */
export class Ufid implements FlowId {
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;

  /**
   * Reads `ufid:` and a UUID (odp_format_ufid in lib/odp-util.c) strictly; false when anything
   * else stands at `at`.
   */
  read(bytes: Uint8Array, view: DataView, at: number, end: number): boolean {
    if (at + UFID_LENGTH > end || view.getInt32(at, true) !== UFID || bytes[at + 4] !== 0x3a) {
      return false;
    }
    for (let i = 0; i < 36; i++) {
      const byte = bytes[at + 5 + i];
      const dash = i === 8 || i === 13 || i === 18 || i === 23;
      if (dash ? byte !== 0x2d : HEX[byte] > 15) return false;
    }
    this.w0 = ufidWord0(view, at) >>> 0;
    this.w1 = ufidWord1(view, at) >>> 0;
    this.w2 = ufidWord2(view, at) >>> 0;
    this.w3 = ufidWord3(view, at) >>> 0;
    return true;
  }
}

/**
 * The first word of the UUID at `at`, as a signed or unsigned 32-bit number; says nothing of
 * whether the characters are digits. The others likewise.
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
