import { type YieldToEventLoop, CHUNK_ROWS } from '../../async/yield-to-event-loop.ts';
import type { FlowKey, FlowView } from '../model/fact.ts';
import type { FlowMemory, Remembered } from './flow-memory.ts';

/** The key of the flow that `view` looks at; undefined: it has none. */
const KEY_OF: Readonly<Record<FlowKey, (view: FlowView) => string | undefined>> = {
  inPort: (v) => v.table.matchAt(v.row).inPort,
  outPort: (v) => v.outPorts[0],
  slice: (v) => v.slice,
  /** Slice of a flow that can be offloaded: the others have no rank in theirs. */
  rankedSlice: (v) => (isOffloadable(v) ? v.slice : undefined),
};

/** As the fact `offloadable` says. */
function isOffloadable({ table, row }: FlowView): boolean {
  if (table.matchAt(row).opaque.length > 0) return false;
  for (const action of table.actionsAt(row)) if (action.kind === 'opaque') return false;
  return true;
}

/**
 * A small number for each flow in place of a text that follows from what the flow is. Flows
 * without a key have a number of their own, too. Numbers are given anew when the ports change, so
 * that those of ports long gone do not pile up.
 */
export class KeyColumn implements Remembered {
  readonly ports = true;
  readonly #keyOf: (view: FlowView) => string | undefined;
  readonly #numbers = new Map<string | undefined, number>();
  #keys = new Uint32Array(0);
  #view: FlowView | undefined;

  constructor(keyOf: (view: FlowView) => string | undefined) {
    this.#keyOf = keyOf;
  }

  /** An upper bound of every number there is. */
  get bound(): number {
    return this.#numbers.size + 1;
  }

  /** Takes up the tick that `view` looks at, whose flows have been followed. */
  begin(view: FlowView): void {
    this.#view = view;
  }

  /** The column, with the numbers of `rows[from .. to)` in place; they count from 1. */
  resolved(rows: Int32Array, from: number, to: number): Uint32Array {
    for (let i = from; i < to; i++) if (this.#keys[rows[i]] === 0) this.#resolve(rows[i]);
    return this.#keys;
  }

  /** The column, with the numbers of all live rows of the table in place. */
  async all(view: FlowView, yieldToEventLoop: YieldToEventLoop): Promise<Uint32Array> {
    const { rows, count } = view.table;
    this.begin(view);
    for (let from = 0; from < count; from += CHUNK_ROWS) {
      this.resolved(rows, from, Math.min(count, from + CHUNK_ROWS));
      const pausing = yieldToEventLoop();
      if (pausing !== undefined) await pausing;
    }
    return this.#keys;
  }

  /** Every key that a flow has had since numbers were last given anew, with its number. */
  numbers(): Iterable<readonly [string | undefined, number]> {
    return this.#numbers;
  }

  /** Number of a key; 0 when no flow has had it. */
  numberOf(key: string | undefined): number {
    return this.#numbers.get(key) ?? 0;
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

/** The key columns that facts and conditions share. */
export class KeyColumns {
  readonly #memory: FlowMemory;
  readonly #columns = new Map<FlowKey, KeyColumn>();

  constructor(memory: FlowMemory) {
    this.#memory = memory;
  }

  of(key: FlowKey): KeyColumn {
    let column = this.#columns.get(key);
    if (column === undefined) {
      column = new KeyColumn(KEY_OF[key]);
      this.#memory.keep(column);
      this.#columns.set(key, column);
    }
    return column;
  }
}
