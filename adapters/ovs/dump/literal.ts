/**
 * A constant text that is compared often. It is compared eight bytes at a time as floating-point
 * numbers, the widest values that a DataView reads without allocation.
 */
export class Literal {
  readonly text: Buffer;
  readonly length: number;
  /** The text as numbers of eight bytes, the last overlapping the one before it. */
  readonly #eights: Float64Array;
  /** Its first four bytes. */
  readonly #first: number;

  constructor(text: Uint8Array) {
    this.text = Buffer.from(text);
    this.length = text.length;
    this.#eights = eightsOf(this.text);
    this.#first = this.length < 4 ? 0 : this.text.readInt32LE(0);
  }

  /** True when the literal is at `at`; `view` must reach to its end. */
  standsAt(view: DataView, at: number): boolean {
    const eights = this.#eights;
    const last = eights.length - 1;
    if (last < 0) return this.#shortAt(view, at);
    for (let i = 0; i < last; i++) {
      if (view.getFloat64(at + 8 * i, true) !== eights[i]) return false;
    }
    return view.getFloat64(at + this.length - 8, true) === eights[last];
  }

  #shortAt(view: DataView, at: number): boolean {
    const { text, length } = this;
    let i = 0;
    if (length >= 4) {
      if (view.getInt32(at, true) !== this.#first) return false;
      i = 4;
    }
    for (; i < length; i++) if (view.getUint8(at + i) !== text[i]) return false;
    return true;
  }
}

/** Empty for a short text, and where equality of the numbers does not imply equal bytes. */
function eightsOf(text: Buffer): Float64Array {
  if (text.length < 8) return new Float64Array(0);
  const eights = new Float64Array(Math.ceil(text.length / 8));
  const last = eights.length - 1;
  for (let i = 0; i < last; i++) eights[i] = text.readDoubleLE(8 * i);
  eights[last] = text.readDoubleLE(text.length - 8);
  // 0 equals -0, and NaN equals nothing.
  return eights.every((n) => n !== 0 && !Number.isNaN(n)) ? eights : new Float64Array(0);
}
