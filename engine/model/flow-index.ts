/**
 * Maps the 128 bits of a flow id to its row: an open-addressing hash table with linear probing and
 * backward-shift deletion, over typed arrays, so that a lookup allocates nothing.
 *
 * Each row stands beside its hash, so that a search reads the ids of other rows hardly ever: they
 * are seldom in the processor's cache.
 *
 * A ufid is itself a good hash (OVS computes it with a 128-bit murmur hash), so its words are mixed
 * only lightly.
 */
export class FlowIndex {
  /** Row and hash of each slot; row -1: empty. */
  #slots = emptySlots(64);
  #mask = 63;
  #size = 0;

  /** Four words per row; the index reads ids from here and stores none itself. */
  #words: Uint32Array;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  get size(): number {
    return this.#size;
  }

  /** Replaces the array of id words by another one with the same contents. */
  rebase(words: Uint32Array): void {
    this.#words = words;
  }

  /** Makes room for at least `rows` rows. */
  reserve(rows: number): void {
    let length = this.#mask + 1;
    while (rows * 2 > length) length *= 2;
    if (length > this.#mask + 1) this.#rehash(length);
  }

  /** Frees memory that is not needed for `rows` rows, of which as many as are in the index. */
  shrink(rows: number): void {
    let length = 64;
    while (rows * 2 > length) length *= 2;
    if (length < this.#mask + 1) this.#rehash(length);
  }

  /** Row of the id, or -1. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    const slots = this.#slots;
    const words = this.#words;
    const wanted = hash(w0, w1, w2, w3);
    let i = wanted & this.#mask;
    for (;;) {
      const row = slots[2 * i];
      if (row === -1) return -1;
      if (slots[2 * i + 1] === wanted) {
        const at = row * 4;
        if (
          words[at] === w0 >>> 0 &&
          words[at + 1] === w1 >>> 0 &&
          words[at + 2] === w2 >>> 0 &&
          words[at + 3] === w3 >>> 0
        ) {
          return row;
        }
      }
      i = (i + 1) & this.#mask;
    }
  }

  /** Adds a row whose words are set and not yet in the index. */
  insert(row: number): void {
    if ((this.#size + 1) * 2 > this.#mask + 1) this.#rehash((this.#mask + 1) * 2);
    this.#place(row, this.#hashOf(row));
    this.#size++;
  }

  /** Removes a row whose words are still set. No effect if it is not in the index. */
  remove(row: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let i = this.#hashOf(row) & mask;
    while (slots[2 * i] !== row) {
      if (slots[2 * i] === -1) return;
      i = (i + 1) & mask;
    }
    let hole = i;
    for (let j = (i + 1) & mask; slots[2 * j] !== -1; j = (j + 1) & mask) {
      const home = slots[2 * j + 1] & mask;
      // Move the row back when its home does not lie in the stretch (hole, j].
      if (((j - home) & mask) >= ((j - hole) & mask)) {
        slots[2 * hole] = slots[2 * j];
        slots[2 * hole + 1] = slots[2 * j + 1];
        hole = j;
      }
    }
    slots[2 * hole] = -1;
    this.#size--;
  }

  #hashOf(row: number): number {
    const w = this.#words;
    const at = row * 4;
    return hash(w[at], w[at + 1], w[at + 2], w[at + 3]);
  }

  #place(row: number, itsHash: number): void {
    let i = itsHash & this.#mask;
    while (this.#slots[2 * i] !== -1) i = (i + 1) & this.#mask;
    this.#slots[2 * i] = row;
    this.#slots[2 * i + 1] = itsHash;
  }

  #rehash(length: number): void {
    const old = this.#slots;
    this.#slots = emptySlots(length);
    this.#mask = length - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== -1) this.#place(old[at], old[at + 1]);
    }
  }
}

function emptySlots(length: number): Int32Array {
  return new Int32Array(length * 2).fill(-1);
}

function hash(w0: number, w1: number, w2: number, w3: number): number {
  const h = Math.imul(w0 ^ (w2 >>> 7), 0x9e3779b1) ^ Math.imul(w1 ^ w3, 0x85ebca77);
  return h ^ (h >>> 15);
}
