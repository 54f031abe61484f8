import { copied } from './columns.ts';

/**
 * A column of a side table, with values by row of the flow table, which resizes and resets it. It has
 * no reference to its side table, see {@link SideTables}.
 */
export interface RowColumn {
  /** Makes room for `rows` rows; new rows have the initial value, and rows beyond are dropped. */
  resize(rows: number): void;
  /** Gives a row the initial value. */
  reset(row: number): void;
  /** Gives every row the initial value. */
  clear(): void;
}

/** Base of the columns of numbers. Each type implements `reset` itself, for speed. */
abstract class TypedColumn<
  Values extends {
    readonly length: number;
    fill(value: number, start?: number): unknown;
    set(from: Values): void;
    subarray(from: number, to: number): Values;
  },
> {
  /** By row. The array is replaced when the flow table is resized: read this property in each pass. */
  values: Values;
  readonly initial: number;
  readonly #make: (rows: number) => Values;

  constructor(make: (rows: number) => Values, initial: number) {
    this.#make = make;
    this.initial = initial;
    this.values = make(0);
  }

  resize(rows: number): void {
    const { length } = this.values;
    if (rows === length) return;
    const next = copied(this.values, this.#make(rows));
    if (this.initial !== 0 && rows > length) next.fill(this.initial, length);
    this.values = next;
  }

  clear(): void {
    this.values.fill(this.initial);
  }
}

export class Float64Column extends TypedColumn<Float64Array<ArrayBuffer>> implements RowColumn {
  constructor(initial: number) {
    super((rows) => new Float64Array(rows), initial);
  }

  reset(row: number): void {
    this.values[row] = this.initial;
  }
}

export class Uint32Column extends TypedColumn<Uint32Array<ArrayBuffer>> implements RowColumn {
  constructor(initial: number) {
    super((rows) => new Uint32Array(rows), initial);
  }

  reset(row: number): void {
    this.values[row] = this.initial;
  }
}

export class Int32Column extends TypedColumn<Int32Array<ArrayBuffer>> implements RowColumn {
  constructor(initial: number) {
    super((rows) => new Int32Array(rows), initial);
  }

  reset(row: number): void {
    this.values[row] = this.initial;
  }
}

export class Uint16Column extends TypedColumn<Uint16Array<ArrayBuffer>> implements RowColumn {
  constructor(initial: number) {
    super((rows) => new Uint16Array(rows), initial);
  }

  reset(row: number): void {
    this.values[row] = this.initial;
  }
}

export class Uint8Column extends TypedColumn<Uint8Array<ArrayBuffer>> implements RowColumn {
  constructor(initial: number) {
    super((rows) => new Uint8Array(rows), initial);
  }

  reset(row: number): void {
    this.values[row] = this.initial;
  }
}

/** Values that only a few rows have. */
export class SparseColumn<Value> implements RowColumn {
  readonly values = new Map<number, Value>();

  resize(rows: number): void {
    for (const row of this.values.keys()) if (row >= rows) this.values.delete(row);
  }

  reset(row: number): void {
    if (this.values.size > 0) this.values.delete(row);
  }

  clear(): void {
    this.values.clear();
  }
}
