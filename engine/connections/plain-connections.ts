import { FlowIndex } from '../model/flow-index.ts';
import type { FlowTable } from '../model/flow-table.ts';

/** Number of connections to remember at first. */
const MIN_SLOTS = 1024;

/**
 * Remembers the connections that need no row of their own, because their megaflow is their whole way
 * through the vSwitch, so that each reading need not look for it again.
 */
export class PlainConnections {
  readonly #max: number;
  #words = new Uint32Array(4 * MIN_SLOTS);
  #index = new FlowIndex(this.#words);
  /** By slot: row of the megaflow, and its `FlowTable.changes` when it was found. */
  #rows = new Int32Array(MIN_SLOTS);
  #changes = new Uint32Array(MIN_SLOTS);
  #size = 0;

  /** @param max connections to remember; when there are more, all are forgotten */
  constructor(max: number) {
    this.#max = max;
  }

  /** True if the connection is remembered, and its megaflow is still the same. */
  has(table: FlowTable, w0: number, w1: number, w2: number, w3: number): boolean {
    const slot = this.#index.find(w0, w1, w2, w3);
    return slot !== -1 && table.changes[this.#rows[slot]] === this.#changes[slot];
  }

  /** Remembers the megaflow of a connection. */
  set(table: FlowTable, w0: number, w1: number, w2: number, w3: number, row: number): void {
    let slot = this.#index.find(w0, w1, w2, w3);
    if (slot === -1) {
      if (this.#size === this.#max) this.#clear();
      slot = this.#size++;
      if (slot === this.#rows.length) this.#grow();
      this.#words[4 * slot] = w0;
      this.#words[4 * slot + 1] = w1;
      this.#words[4 * slot + 2] = w2;
      this.#words[4 * slot + 3] = w3;
      this.#index.insert(slot);
    }
    this.#rows[slot] = row;
    this.#changes[slot] = table.changes[row];
  }

  #grow(): void {
    const slots = 2 * this.#rows.length;
    this.#words = grown(this.#words, new Uint32Array(4 * slots));
    this.#rows = grown(this.#rows, new Int32Array(slots));
    this.#changes = grown(this.#changes, new Uint32Array(slots));
    this.#index.rebase(this.#words);
  }

  #clear(): void {
    this.#size = 0;
    this.#index = new FlowIndex(this.#words);
  }
}

function grown<Column extends { set(from: Column): void }>(old: Column, next: Column): Column {
  next.set(old);
  return next;
}
