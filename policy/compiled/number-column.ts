import type { FlowTable } from '../../engine/model/flow-table.ts';
import { SideTable } from '../../engine/model/side-table.ts';
import type { FactParams, FillColumn, FlowView } from '../model/fact.ts';
import type { KeyColumn } from '../state/key-column.ts';
import type { Chunk } from './row-condition.ts';

/** A number of each flow in this tick, as a column; NaN where it is missing. */
export interface NumberColumn {
  /** Takes up the tick that `view` looks at. */
  begin(view: FlowView): void;
  /** The column, right for `rows[from .. to)`, which are of the chunk that is looked at now. */
  values(rows: Int32Array, from: number, to: number): Float64Array;
}

/** A column of the flow table as it is. */
export class TableColumn implements NumberColumn {
  readonly #of: (table: FlowTable) => Float64Array;
  #values: Float64Array = new Float64Array(0);

  constructor(of: (table: FlowTable) => Float64Array) {
    this.#of = of;
  }

  begin(view: FlowView): void {
    // The table replaces its columns when it grows.
    this.#values = this.#of(view.table);
  }

  values(): Float64Array {
    return this.#values;
  }
}

/**
 * A column that is worked out of others when a condition asks: for the whole chunk, once, when
 * it asks for much of it, else for the rows in question alone.
 */
export class DerivedColumn implements NumberColumn {
  readonly #fill: FillColumn;
  readonly #params: FactParams;
  readonly #chunk: Chunk;
  readonly #rows = new SideTable('row');
  readonly #column = this.#rows.float64();
  #view: FlowView | undefined;
  #filledFor = -1;

  constructor(fill: FillColumn, params: FactParams, chunk: Chunk) {
    this.#fill = fill;
    this.#params = params;
    this.#chunk = chunk;
  }

  begin(view: FlowView): void {
    this.#view = view;
    this.#rows.follow(view.table);
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

/** A column of numbers that flows of one key have in common: each is read once a tick. */
export class KeyedNumbers implements NumberColumn {
  readonly #keys: KeyColumn;
  readonly #read: (view: FlowView) => unknown;
  /** By key; undefined: not read in this tick. */
  readonly #byKey: (number | undefined)[] = [];
  readonly #rows = new SideTable('row');
  readonly #column = this.#rows.float64();
  #view: FlowView | undefined;

  constructor(keys: KeyColumn, read: (view: FlowView) => unknown) {
    this.#keys = keys;
    this.#read = read;
  }

  begin(view: FlowView): void {
    this.#view = view;
    this.#keys.begin(view);
    this.#byKey.length = 0;
    this.#rows.follow(view.table);
  }

  values(rows: Int32Array, from: number, to: number): Float64Array {
    const keys = this.#keys.resolved(rows, from, to);
    const { values } = this.#column;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      values[row] = this.#byKey[keys[row]] ?? this.#lookUp(row, keys[row]);
    }
    return values;
  }

  #lookUp(row: number, key: number): number {
    if (this.#view === undefined) return Number.NaN;
    this.#view.row = row;
    const value = this.#read(this.#view);
    const number = typeof value === 'number' ? value : Number.NaN;
    this.#byKey[key] = number;
    return number;
  }
}
