import type { FlowView } from '../fact.ts';
import type { FlowMemory, Remembered } from './flow-memory.ts';

/** Keys that are remembered from tick to tick; far more than a node has ports. */
const MOST_KEYS = 0x10000;

/** A small number for each flow in place of a text that follows from what the flow is. */
export class KeyColumn implements Remembered {
  readonly ports = true;
  readonly #keyOf: (view: FlowView) => string | undefined;
  readonly #numbers = new Map<string | undefined, number>();
  #keys = new Uint32Array(0);
  #view: FlowView | undefined;

  constructor(memory: FlowMemory, keyOf: (view: FlowView) => string | undefined) {
    this.#keyOf = keyOf;
    memory.keep(this);
  }

  begin(view: FlowView): void {
    this.#view = view;
    // Texts of flows long gone are still numbered: all start anew before there are too many.
    if (this.#numbers.size > MOST_KEYS) this.forgetAll();
  }

  /** The column, with the keys of `rows[from .. to)` in place; keys count from 1. */
  resolved(rows: Int32Array, from: number, to: number): Uint32Array {
    for (let i = from; i < to; i++) if (this.#keys[rows[i]] === 0) this.#resolve(rows[i]);
    return this.#keys;
  }

  fit(rows: number): void {
    const next = new Uint32Array(rows);
    next.set(this.#keys);
    this.#keys = next;
  }

  forget(row: number): void {
    this.#keys[row] = 0;
  }

  forgetAll(): void {
    this.#keys.fill(0);
    this.#numbers.clear();
  }

  #resolve(row: number): void {
    const view = this.#view;
    if (view === undefined) return;
    view.row = row;
    const key = this.#keyOf(view);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(key, number);
    }
    this.#keys[row] = number;
  }
}
