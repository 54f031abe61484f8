import {
  FIELD_BITS,
  fieldBytes,
  type FieldMatch,
  type FieldName,
} from '../../../engine/model/match.ts';
import { sameBytes } from './names.ts';

const SLOTS = 32768;

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

  /** The match on exactly this value, of which the field's width is read. */
  exact(index: number, value: Uint8Array): FieldMatch {
    const { name, width, full } = FIELDS[index];
    value[0] &= full[0];
    let hash = index;
    for (let i = 0; i < width; i++) hash = Math.imul(hash ^ value[i], 0x01000193);
    const slot = (hash ^ (hash >>> 14)) & (SLOTS - 1);
    const known = this.#slots[slot];
    if (known !== undefined && known.mask === full && sameBytes(known.value, value, 0)) {
      return known;
    }
    const made: FieldMatch = { field: name, value: value.slice(0, width), mask: full };
    this.#slots[slot] = made;
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
    return { field: name, value: value.slice(0, width), mask: mask.slice(0, width) };
  }
}
