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

/**
 * Columns that a part of Norikae keeps by row of a flow table. After `follow`, the columns have room
 * for all rows of that flow table, and a row is reset to the initial values when it is given to
 * another flow (or, depending on the lifetime, when the match or actions of its flow change).
 *
 * Keep a reference to the side table as long as its columns are in use: without it they are no
 * longer resized and reset.
 */
export class SideTable {
  readonly #side: SideColumns;
  #followed: SideTables | undefined;

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
   */
  follow({ sideTables }: FlowTable): void {
    if (sideTables === this.#followed) return;
    this.leave();
    this.#followed = sideTables;
    sideTables.join(this, this.#side);
  }

  /** Stops following, and clears all columns. */
  leave(): void {
    if (this.#followed === undefined) return;
    this.#followed.leave(this, this.#side);
    this.#followed = undefined;
    this.clear();
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
