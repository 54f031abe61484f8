/**
 * From a key of `stride` 32-bit words to its slot: an open-addressing hash table with linear
 * probing and backward-shift deletion. The keys stay in their owner's array.
 */
export class KeyIndex {
  readonly #words: Uint32Array;
  readonly #stride: number;
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** @param words `capacity` keys, by slot */
  constructor(words: Uint32Array, stride: number, capacity: number) {
    let size = 64;
    while (size < capacity * 2) size *= 2;
    this.#words = words;
    this.#stride = stride;
    this.#slots = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
  }

  /** Slot of a key that is equal to the given one, or -1. */
  find(key: Uint32Array): number {
    for (let i = this.#home(key, 0); ; i = (i + 1) & this.#mask) {
      const slot = this.#slots[i];
      if (slot === -1 || this.#equals(key, slot)) return slot;
    }
  }

  /** Adds a slot whose key is in place and not yet in the index. */
  insert(slot: number): void {
    let i = this.#homeOf(slot);
    while (this.#slots[i] !== -1) i = (i + 1) & this.#mask;
    this.#slots[i] = slot;
  }

  /** Removes a slot; its key must still be in place. No effect when it is not in the index. */
  remove(slot: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = this.#homeOf(slot);
    for (; slots[hole] !== slot; hole = (hole + 1) & mask) {
      if (slots[hole] === -1) return;
    }
    for (let j = (hole + 1) & mask; slots[j] !== -1; j = (j + 1) & mask) {
      const home = this.#homeOf(slots[j]);
      // Move it back when its home does not lie in the stretch (hole, j].
      if (((j - home) & mask) >= ((j - hole) & mask)) {
        slots[hole] = slots[j];
        hole = j;
      }
    }
    slots[hole] = -1;
  }

  #equals(key: Uint32Array, slot: number): boolean {
    const from = slot * this.#stride;
    for (let i = 0; i < this.#stride; i++) {
      if (this.#words[from + i] !== key[i]) return false;
    }
    return true;
  }

  #homeOf(slot: number): number {
    return this.#home(this.#words, slot * this.#stride);
  }

  /** FNV-1a over words, with the high bits folded down. */
  #home(words: Uint32Array, from: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.#stride; i++) {
      hash = Math.imul(hash ^ words[from + i], 0x01000193);
      hash ^= hash >>> 15;
    }
    return hash & this.#mask;
  }
}
