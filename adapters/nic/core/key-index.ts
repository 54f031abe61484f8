import { hashWords } from './word-hash.ts';

/**
 * From a key of `stride` 32-bit words to its slot: an open-addressing hash table with linear
 * probing and backward-shift deletion. The keys stay in their owner's array; each slot stands beside
 * the hash of its key, so that a search reads other keys hardly ever.
 */
export class KeyIndex {
  readonly #words: Uint32Array;
  readonly #stride: number;
  /** Slot and hash of each place; slot -1: empty. */
  readonly #places: Int32Array;
  readonly #mask: number;

  /**
   * @param words keys by slot
   * @param capacity most keys at a time
   */
  constructor(words: Uint32Array, stride: number, capacity: number) {
    let size = 64;
    while (size < capacity * 2) size *= 2;
    this.#words = words;
    this.#stride = stride;
    this.#places = new Int32Array(size * 2).fill(-1);
    this.#mask = size - 1;
  }

  /** Slot of a key that is equal to the given one, or -1. @param hash its {@link hashWords} */
  find(key: Uint32Array, hash = hashWords(key, 0, this.#stride)): number {
    const places = this.#places;
    for (let i = hash & this.#mask; ; i = (i + 1) & this.#mask) {
      const slot = places[2 * i];
      if (slot === -1) return -1;
      if (places[2 * i + 1] === hash && this.#equals(key, slot)) return slot;
    }
  }

  /** Adds a slot whose key is in place and not yet in the index. @param hash {@link hashWords} of the key */
  insert(slot: number, hash = this.#hashOf(slot)): void {
    let i = hash & this.#mask;
    while (this.#places[2 * i] !== -1) i = (i + 1) & this.#mask;
    this.#places[2 * i] = slot;
    this.#places[2 * i + 1] = hash;
  }

  /** Removes a slot; its key must still be in place. No effect when it is not in the index. */
  remove(slot: number): void {
    const places = this.#places;
    const mask = this.#mask;
    let hole = this.#hashOf(slot) & mask;
    for (; places[2 * hole] !== slot; hole = (hole + 1) & mask) {
      if (places[2 * hole] === -1) return;
    }
    for (let j = (hole + 1) & mask; places[2 * j] !== -1; j = (j + 1) & mask) {
      const home = places[2 * j + 1] & mask;
      // Move it back when its home does not lie in the stretch (hole, j].
      if (((j - home) & mask) >= ((j - hole) & mask)) {
        places[2 * hole] = places[2 * j];
        places[2 * hole + 1] = places[2 * j + 1];
        hole = j;
      }
    }
    places[2 * hole] = -1;
  }

  #equals(key: Uint32Array, slot: number): boolean {
    const from = slot * this.#stride;
    for (let i = 0; i < this.#stride; i++) {
      if (this.#words[from + i] !== key[i]) return false;
    }
    return true;
  }

  #hashOf(slot: number): number {
    return hashWords(this.#words, slot * this.#stride, this.#stride);
  }
}
