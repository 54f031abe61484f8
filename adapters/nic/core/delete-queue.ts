import { KEY_WORDS } from './entry-table.ts';
import type { EntryTable } from './entry-table.ts';
import type { FlowMap } from './flow-map.ts';

/** Called for each entry: its slot, its context, and the errno when it could not be deleted. */
export type Settle = (slot: number, result: number, errno: string | undefined) => void;

/** Entries to delete from the kernel in one batch. The tables of user space do not change. */
export class DeleteQueue {
  readonly #entries: EntryTable;
  readonly #flows: FlowMap;
  readonly #keys: Uint32Array;
  readonly #slots: Int32Array;
  readonly #results: Int32Array;
  #count = 0;

  constructor(size: number, entries: EntryTable, flows: FlowMap) {
    this.#entries = entries;
    this.#flows = flows;
    this.#keys = new Uint32Array(size * KEY_WORDS);
    this.#slots = new Int32Array(size);
    this.#results = new Int32Array(size);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get isFull(): boolean {
    return this.#count === this.#slots.length;
  }

  /** Adds the entry of a slot under its current key; `result` goes to the {@link Settle}. */
  add(slot: number, result: number): void {
    this.#entries.copyKey(slot, this.#keys, this.#count * KEY_WORDS);
    this.#slots[this.#count] = slot;
    this.#results[this.#count] = result;
    this.#count++;
  }

  /** Deletes the added entries; an absent one is not a failure. */
  write(settle: Settle): void {
    const count = this.#count;
    this.#count = 0;
    const failures = this.#flows.delete(this.#keys, count);
    let next = 0;
    for (let i = 0; i < count; i++) {
      const failed = failures[next]?.index === i;
      settle(this.#slots[i], this.#results[i], failed ? failures[next].errno : undefined);
      if (failed) next++;
    }
  }
}
