import { KEY_WORDS } from './entry-table.ts';
import { ENTRY, VALUE_WORDS, wordsOf } from './entry-value.ts';

/** Word of `last_left_ns`, which `train_until_ns` follows. */
const TIMES = ENTRY.lastLeftNs / 4;

/** Entries to write in one call: their words, their slots, and where their results are. */
export class PutBatch {
  readonly keys: Uint32Array;
  readonly values: Uint32Array;
  readonly slots: Int32Array;
  readonly results: Int32Array;
  #count = 0;

  /** @param size most entries */
  constructor(size: number) {
    this.keys = new Uint32Array(size * KEY_WORDS);
    this.values = new Uint32Array(size * VALUE_WORDS);
    this.slots = new Int32Array(size);
    this.results = new Int32Array(size);
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.slots.length;
  }

  add(slot: number, result: number, key: Uint32Array, value: Uint32Array): void {
    const at = this.#count++;
    this.slots[at] = slot;
    this.results[at] = result;
    const keyAt = at * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) this.keys[keyAt + i] = key[i];
    const valueAt = at * VALUE_WORDS;
    // What both lack is zero already.
    const words = Math.max(wordsOf(value, 0), wordsOf(this.values, valueAt));
    for (let i = 0; i < words; i++) this.values[valueAt + i] = value[i];
  }

  clear(): void {
    this.#count = 0;
  }

  /** Drops the entries of the other slots. */
  keep(isKept: (slot: number) => boolean): void {
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      if (!isKept(this.slots[i])) continue;
      this.slots[kept] = this.slots[i];
      this.results[kept] = this.results[i];
      this.keys.copyWithin(kept * KEY_WORDS, i * KEY_WORDS, (i + 1) * KEY_WORDS);
      this.values.copyWithin(kept * VALUE_WORDS, i * VALUE_WORDS, (i + 1) * VALUE_WORDS);
      kept++;
    }
    this.#count = kept;
  }

  /** Sets the times of all entries, which their packets go by; ns of CLOCK_MONOTONIC. */
  setTimes(lastLeftNs: bigint, trainUntilNs: bigint): void {
    const times = new Uint32Array(BigUint64Array.of(lastLeftNs, trainUntilNs).buffer);
    for (let at = TIMES; at < this.#count * VALUE_WORDS; at += VALUE_WORDS) {
      for (let k = 0; k < times.length; k++) this.values[at + k] = times[k];
    }
  }
}
