import type { FlowTable } from './flow-table.ts';
import {
  Float64Column,
  Int32Column,
  type RowColumn,
  SparseColumn,
  Uint16Column,
  Uint32Column,
  Uint8Column,
} from './row-columns.ts';
import type { RowLifetime, SideColumns, SideTables } from './side-tables.ts';

/** A disposed side table was to follow a flow table, which would never release its columns again. */
export class SideTableDisposed extends Error {
  override readonly name = 'SideTableDisposed';

  constructor() {
    super('a disposed side table cannot follow a flow table; create a new one');
  }
}

/**
 * Columns that a part of Norikae keeps by row of a flow table. After `follow`, the columns have room
 * for all rows of that flow table, and a row is reset to the initial values when it is given to
 * another flow (or, depending on the lifetime, when the match or actions of its flow change).
 *
 * The flow table holds the columns of what follows it. So an owner that can end before the flow
 * table, such as an evaluator or a recording, disposes its side tables; one that lives as long as
 * the flow table, such as the planner, need not.
 */
export class SideTable implements Disposable {
  readonly #side: SideColumns;
  #followed: SideTables | undefined;
  #disposed = false;

  constructor(lifetime: RowLifetime) {
    this.#side = { lifetime, columns: [] };
  }

  /** A column of doubles. */
  float64(initial = 0): Float64Column {
    return this.#add(new Float64Column(initial));
  }

  uint32(initial = 0): Uint32Column {
    return this.#add(new Uint32Column(initial));
  }

  int32(initial = 0): Int32Column {
    return this.#add(new Int32Column(initial));
  }

  uint16(initial = 0): Uint16Column {
    return this.#add(new Uint16Column(initial));
  }

  uint8(initial = 0): Uint8Column {
    return this.#add(new Uint8Column(initial));
  }

  /** A column of values that only a few rows have. */
  sparse<Value>(): SparseColumn<Value> {
    return this.#add(new SparseColumn<Value>());
  }

  /**
   * Follows `table` from now on; call it before each pass over the rows. Costs nothing if it already
   * does; if it followed another table, all values are reset.
   *
   * @throws {SideTableDisposed}
   */
  follow({ sideTables }: FlowTable): void {
    if (sideTables === this.#followed) return;
    if (this.#disposed) throw new SideTableDisposed();
    this.leave();
    this.#followed = sideTables;
    sideTables.join(this.#side);
  }

  /** Stops following, and clears all columns. */
  leave(): void {
    if (this.#followed === undefined) return;
    this.#followed.leave(this.#side);
    this.#followed = undefined;
    this.clear();
  }

  /**
   * Stops following for good. The columns keep their values, so that an explanation that still reads
   * them shows those of the last tick.
   */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#followed?.leave(this.#side);
    this.#followed = undefined;
  }

  /** Gives every row the initial values. */
  clear(): void {
    for (const column of this.#side.columns) column.clear();
  }

  #add<Column extends RowColumn>(column: Column): Column {
    this.#side.columns.push(column);
    this.#followed?.add(column);
    return column;
  }
}
