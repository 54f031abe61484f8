/**
 * A 64-bit fingerprint of a byte range, computed without allocation: four independent 32-bit lanes
 * as in xxHash32, so that the processor runs them in parallel.
 *
 * Equal ranges have equal fingerprints. Two that differ in a word of one lane only never collide;
 * others collide with a probability of at most 2^-32.
 */
export class Fingerprint {
  a = 0;
  b = 0;

  /** Computes the fingerprint of the bytes `[from, to)` of `view`. */
  compute(view: DataView, from: number, to: number): void {
    let p = 0x24234428 + (to - from);
    let q = 0x85ebca77 | 0;
    let r = 0x51ed270b;
    let s = 0x61c8864f;
    let at = from;
    if (to - from >= 16) {
      const last = to - 16;
      for (; at < last; at += 16) {
        p = round(p, view.getInt32(at, true));
        q = round(q, view.getInt32(at + 4, true));
        r = round(r, view.getInt32(at + 8, true));
        s = round(s, view.getInt32(at + 12, true));
      }
      // The last block overlaps the one before it, so there is no remainder.
      p = round(p, view.getInt32(last, true));
      q = round(q, view.getInt32(last + 4, true));
      r = round(r, view.getInt32(last + 8, true));
      s = round(s, view.getInt32(last + 12, true));
    } else {
      for (; at + 4 <= to; at += 4) {
        p = round(p, view.getInt32(at, true));
        q = round(q, p);
      }
      for (; at < to; at++) {
        r = round(r, view.getUint8(at));
        s = round(s, r);
      }
    }
    this.a = mix(((p << 1) | (p >>> 31)) + ((q << 7) | (q >>> 25)) + Math.imul(r, 0x27d4eb2f) + s);
    this.b = mix(
      Math.imul(p ^ ((s << 18) | (s >>> 14)), 0x165667b1) + q + ((r << 12) | (r >>> 20)),
    );
  }
}

function round(lane: number, word: number): number {
  const sum = (lane + Math.imul(word, 0x85ebca77)) | 0;
  return Math.imul((sum << 13) | (sum >>> 19), 0x9e3779b1);
}

function mix(sum: number): number {
  const h = Math.imul(sum ^ (sum >>> 15), 0x85ebca77);
  return h ^ (h >>> 13);
}
