import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { Float64Column } from '../../engine/model/row-columns.ts';
import type { SideTable } from '../../engine/model/side-table.ts';
import type { FactParams, FillColumn, FlowView } from '../model/fact.ts';
import type { KeyColumn } from '../state/key-column.ts';
import type { Chunk } from './row-condition.ts';

/** A numeric fact in this tick, as a column; NaN means missing. */
export interface NumberColumn {
  /** Prepares for the view's tick. */
  prepare(view: FlowView): void;
  /** The column, valid for `rows[from .. to)` of the current chunk. */
  values(rows: Int32Array, from: number, to: number): Float64Array;
}

/** A column of the flow table. */
export class TableColumn implements NumberColumn {
  readonly #of: (table: FlowTable) => Float64Array;
  #values: Float64Array = new Float64Array(0);

  constructor(of: (table: FlowTable) => Float64Array) {
    this.#of = of;
  }

  prepare(view: FlowView): void {
    // The table replaces its columns when it grows.
    this.#values = this.#of(view.table);
  }

  values(): Float64Array {
    return this.#values;
  }
}

/** Inputs of a {@link DerivedColumn}. */
export interface DerivedColumnOptions {
  readonly fill: FillColumn;
  readonly params: FactParams;
  readonly chunk: Chunk;
  /** A side table with the lifetime `row`, which follows the flow table. */
  readonly byRow: SideTable;
}

/**
 * A column that is computed from others on demand: once for the whole chunk if a condition needs
 * at least half of it, otherwise only for the rows needed.
 */
export class DerivedColumn implements NumberColumn {
  readonly #fill: FillColumn;
  readonly #params: FactParams;
  readonly #chunk: Chunk;
  readonly #column: Float64Column;
  #view: FlowView | undefined;
  #filledFor = -1;

  constructor({ fill, params, chunk, byRow }: DerivedColumnOptions) {
    this.#fill = fill;
    this.#params = params;
    this.#chunk = chunk;
    this.#column = byRow.float64();
  }

  prepare(view: FlowView): void {
    this.#view = view;
  }

  values(rows: Int32Array, from: number, to: number): Float64Array {
    const chunk = this.#chunk;
    const { values } = this.#column;
    if (this.#filledFor === chunk.serial || this.#view === undefined) return values;
    if ((to - from) * 2 < chunk.count) {
      this.#fill(this.#view, rows, from, to, values, this.#params);
    } else {
      this.#fill(this.#view, chunk.rows, 0, chunk.count, values, this.#params);
      this.#filledFor = chunk.serial;
    }
    return values;
  }
}

/** A column of numbers that depend on a key; each is read once per tick. */
export class KeyedNumbers implements NumberColumn {
  readonly #keys: KeyColumn;
  readonly #read: (view: FlowView) => unknown;
  /** By key; undefined if not yet read in this tick. */
  readonly #byKey: (number | undefined)[] = [];
  readonly #column: Float64Column;
  #view: FlowView | undefined;

  /** `byRow`: a side table with the lifetime `row`, which follows the flow table. */
  constructor(keys: KeyColumn, read: (view: FlowView) => unknown, byRow: SideTable) {
    this.#keys = keys;
    this.#read = read;
    this.#column = byRow.float64();
  }

  prepare(view: FlowView): void {
    this.#view = view;
    this.#keys.startTick(view);
    this.#byKey.length = 0;
  }

  values(rows: Int32Array, from: number, to: number): Float64Array {
    const keys = this.#keys.resolved(rows, from, to);
    const { values } = this.#column;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      values[row] = this.#byKey[keys[row]] ?? this.#readKey(row, keys[row]);
    }
    return values;
  }

  #readKey(row: number, key: number): number {
    if (this.#view === undefined) return Number.NaN;
    this.#view.row = row;
    const value = this.#read(this.#view);
    const number = typeof value === 'number' ? value : Number.NaN;
    this.#byKey[key] = number;
    return number;
  }
}
