import {
  FIELD_BITS,
  fieldBytes,
  type FieldMatch,
  type FieldName,
} from '../../../engine/model/match.ts';

const SLOTS = 32768;
const KEY_WORDS = 8;
const SLAB_BYTES = 16 * 1024;

function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(FIELD_BITS, name);
}

/** A field of the match catalogue, with what the parser needs. */
export interface Field {
  readonly name: FieldName;
  /** Bytes of a value. */
  readonly width: number;
  /** 32-bit words of its value in a {@link ValueReader}. */
  readonly words: number;
  /** The mask of an exact match, as bytes and as words. */
  readonly full: Uint8Array;
  readonly fullWords: Int32Array;
}

/** All fields in catalogue order, which is their order in a match. */
export const FIELDS: readonly Field[] = Object.keys(FIELD_BITS)
  .filter(isFieldName)
  .map((name) => {
    const width = fieldBytes(name);
    const words = Math.ceil(width / 4);
    const full = new Uint8Array(width).fill(0xff);
    full[0] = 0xff >> (width * 8 - FIELD_BITS[name]);
    const fullWords = new Int32Array(4);
    for (let i = 0; i < width; i++) fullWords[i >> 2] = (fullWords[i >> 2] << 8) | full[i];
    return { name, width, words, full, fullWords };
  });

const INDEX: ReadonlyMap<string, number> = new Map(FIELDS.map((f, i) => [f.name, i]));

/** Index of a field into {@link FIELDS}. */
export function fieldIndex(name: FieldName): number {
  return INDEX.get(name) ?? 0;
}

/**
 * Returns one object for equal exact field matches. The flows of a node share MACs, addresses and
 * ports, so this saves most of the memory and time for new flows. Bounded, because it keeps only
 * the latest match of each slot.
 */
export class FieldPool {
  readonly #slots = Array.from<FieldMatch | undefined>({ length: SLOTS });
  /** Field and value of each slot, adjacent in memory for fast lookup. */
  readonly #keys = new Int32Array(SLOTS * KEY_WORDS);
  #slab = new ArrayBuffer(SLAB_BYTES);
  #slabUsed = 0;

  /** The match on exactly this value. */
  exact(index: number, value: Int32Array): FieldMatch {
    const field = FIELDS[index];
    const { words, fullWords } = field;
    const a = value[0] & fullWords[0];
    const b = words > 1 ? value[1] : 0;
    const c = words > 2 ? value[2] : 0;
    const d = words > 2 ? value[3] : 0;
    const hash = Math.imul(a ^ (c << 7) ^ index, 0x9e3779b1) ^ Math.imul(b ^ (d << 9), 0x85ebca77);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const keys = this.#keys;
    const at = slot * KEY_WORDS;
    if (
      keys[at] === index &&
      keys[at + 1] === a &&
      keys[at + 2] === b &&
      keys[at + 3] === c &&
      keys[at + 4] === d
    ) {
      const known = this.#slots[slot];
      if (known !== undefined) return known;
    }
    keys[at] = index;
    keys[at + 1] = a;
    keys[at + 2] = b;
    keys[at + 3] = c;
    keys[at + 4] = d;
    value[0] = a;
    const match = { field: field.name, value: this.#bytes(value, field.width), mask: field.full };
    this.#slots[slot] = match;
    return match;
  }

  /**
   * The match on this value under this mask. Bits of the value outside the mask are dropped.
   * Undefined when the mask is zero, which matches everything.
   */
  masked(index: number, value: Int32Array, mask: Int32Array): FieldMatch | undefined {
    const { name, width, words, fullWords } = FIELDS[index];
    let some = false;
    let all = true;
    for (let i = 0; i < words; i++) {
      mask[i] &= fullWords[i];
      value[i] &= mask[i];
      if (mask[i] !== 0) some = true;
      if (mask[i] !== fullWords[i]) all = false;
    }
    if (!some) return undefined;
    if (all) return this.exact(index, value);
    return { field: name, value: this.#bytes(value, width), mask: this.#bytes(mask, width) };
  }

  /** Bytes in a shared slab: a typed array with a separate buffer costs ten times as much. */
  #bytes(words: Int32Array, width: number): Uint8Array {
    if (this.#slabUsed + width > SLAB_BYTES) {
      this.#slab = new ArrayBuffer(SLAB_BYTES);
      this.#slabUsed = 0;
    }
    const bytes = new Uint8Array(this.#slab, this.#slabUsed, width);
    this.#slabUsed += width;
    for (let i = 0; i < width; i += 4) {
      const word = words[i >> 2];
      const end = Math.min(i + 4, width);
      for (let k = i; k < end; k++) bytes[k] = word >>> (8 * (end - 1 - k));
    }
    return bytes;
  }
}

/** The words of a value, as {@link ValueReader} has them. */
export function toWords(bytes: Uint8Array, words: Int32Array): void {
  words.fill(0);
  for (let i = 0; i < bytes.length; i++) words[i >> 2] = (words[i >> 2] << 8) | bytes[i];
}
