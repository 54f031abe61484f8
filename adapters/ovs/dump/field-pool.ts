import {
  FIELD_BITS,
  fieldBytes,
  type FieldMatch,
  type FieldName,
} from '../../../engine/model/match.ts';
import { sameBytes } from './names.ts';

const SLOTS = 32768;
const KEY_WORDS = 8;
const SLAB_BYTES = 16 * 1024;

function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(FIELD_BITS, name);
}

/** Every field, in catalogue order: a field's index here is its place in a match. */
export const FIELDS: readonly {
  readonly name: FieldName;
  readonly width: number;
  readonly full: Uint8Array;
}[] = Object.keys(FIELD_BITS)
  .filter(isFieldName)
  .map((name) => {
    const width = fieldBytes(name);
    const full = new Uint8Array(width).fill(0xff);
    full[0] = 0xff >> (width * 8 - FIELD_BITS[name]);
    return { name, width, full };
  });

const INDEX: ReadonlyMap<string, number> = new Map(FIELDS.map((f, i) => [f.name, i]));

/** Index of a field into {@link FIELDS}. */
export function fieldIndex(name: FieldName): number {
  return INDEX.get(name) ?? 0;
}

/**
 * Hands out one object for equal exact field matches. The flows of a node share MACs, addresses and
 * ports, so this saves most of the memory and time of first sights. It keeps the latest
 * match of each slot and so is bounded.
 */
export class FieldPool {
  readonly #slots = Array.from<FieldMatch | undefined>({ length: SLOTS });
  /** Field and value of each slot, beside each other: looking one up touches little memory. */
  readonly #keys = new Int32Array(SLOTS * KEY_WORDS);
  #slab = new ArrayBuffer(SLAB_BYTES);
  #slabUsed = 0;

  /** The match on exactly this value, of which the field's width is read. */
  exact(index: number, value: Uint8Array): FieldMatch {
    const { name, width, full } = FIELDS[index];
    value[0] &= full[0];
    const a = bigEndian(value, 0, width);
    const b = bigEndian(value, 4, width);
    const c = bigEndian(value, 8, width);
    const d = bigEndian(value, 12, width);
    const hash = Math.imul(a ^ (c << 7) ^ index, 0x9e3779b1) ^ Math.imul(b ^ (d << 9), 0x85ebca77);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const keys = this.#keys;
    const at = slot * KEY_WORDS;
    const known = this.#slots[slot];
    if (
      known !== undefined &&
      keys[at] === index &&
      keys[at + 1] === a &&
      keys[at + 2] === b &&
      keys[at + 3] === c &&
      keys[at + 4] === d
    ) {
      return known;
    }
    const made: FieldMatch = { field: name, value: this.#copy(value, width), mask: full };
    this.#slots[slot] = made;
    keys[at] = index;
    keys[at + 1] = a;
    keys[at + 2] = b;
    keys[at + 3] = c;
    keys[at + 4] = d;
    return made;
  }

  /**
   * The match on this value under this mask. Bits of the value outside the mask are dropped.
   * Undefined when the mask is zero: no condition.
   */
  masked(index: number, value: Uint8Array, mask: Uint8Array): FieldMatch | undefined {
    const { name, width, full } = FIELDS[index];
    let any = 0;
    for (let i = 0; i < width; i++) {
      mask[i] &= full[i];
      value[i] &= mask[i];
      any |= mask[i];
    }
    if (any === 0) return undefined;
    if (sameBytes(full, mask, 0)) return this.exact(index, value);
    return { field: name, value: this.#copy(value, width), mask: this.#copy(mask, width) };
  }

  /** A view of a shared slab: a typed array with a buffer of its own costs ten times as much. */
  #copy(bytes: Uint8Array, width: number): Uint8Array {
    if (this.#slabUsed + width > SLAB_BYTES) {
      this.#slab = new ArrayBuffer(SLAB_BYTES);
      this.#slabUsed = 0;
    }
    const copy = new Uint8Array(this.#slab, this.#slabUsed, width);
    this.#slabUsed += width;
    for (let i = 0; i < width; i++) copy[i] = bytes[i];
    return copy;
  }
}

/** Up to four bytes of a value as a number. */
function bigEndian(value: Uint8Array, from: number, width: number): number {
  const to = Math.min(from + 4, width);
  let word = 0;
  for (let i = from; i < to; i++) word = (word << 8) | value[i];
  return word;
}
