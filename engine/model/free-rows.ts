/**
 * The unused rows of a flow table as a set of bits. The lowest row is used first, so that the rows in
 * use move to the start of the table and its end can be freed.
 */
export class FreeRows {
  #words = new Uint32Array(0);
  /** Every word before this one is empty. */
  #first = 0;

  /** Makes room for the rows `[0, rows)`; drops the rows beyond. */
  resize(rows: number): void {
    const length = Math.ceil(rows / 32);
    const next = new Uint32Array(length);
    next.set(this.#words.subarray(0, length));
    if (rows % 32 !== 0 && length > 0) next[length - 1] &= 2 ** (rows % 32) - 1;
    this.#words = next;
    this.#first = Math.min(this.#first, length);
  }

  add(row: number): void {
    const word = row >>> 5;
    this.#words[word] |= 1 << (row & 31);
    if (word < this.#first) this.#first = word;
  }

  /** Removes and returns the lowest row; -1 when empty. */
  takeLowest(): number {
    const words = this.#words;
    while (this.#first < words.length && words[this.#first] === 0) this.#first++;
    if (this.#first === words.length) return -1;
    const word = words[this.#first];
    const lowest = word & -word;
    words[this.#first] ^= lowest;
    return this.#first * 32 + 31 - Math.clz32(lowest);
  }

  /** Removes the free rows just below `end`; returns the end of those that are left. */
  trim(end: number): number {
    let row = end;
    while (row > 0 && this.#has(row - 1)) {
      row--;
      this.#words[row >>> 5] &= ~(1 << (row & 31));
    }
    return row;
  }

  #has(row: number): boolean {
    return (this.#words[row >>> 5] & (1 << (row & 31))) !== 0;
  }
}
