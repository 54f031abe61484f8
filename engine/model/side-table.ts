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
 * What a part of Norikae keeps of each row beside the flow table, in columns of its own. It
 * `follow`s a flow table: from then on the columns have room for all its rows, and a row has their
 * initial values again once its flow is another one (or, as its lifetime says, once the flow's
 * match or actions change).
 *
 * Keep the side table as long as its columns: without it they are no longer grown and reset.
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

  /** Something that few rows have. */
  sparse<Value>(): SparseColumn<Value> {
    return this.#add(new SparseColumn<Value>());
  }

  /**
   * Follows `table` from now on: to be called before a pass over its rows. Costs nothing when it
   * does already; when it followed another one, everything has its initial value again.
   */
  follow({ sideTables }: FlowTable): void {
    if (sideTables === this.#followed) return;
    this.leave();
    this.#followed = sideTables;
    sideTables.join(this, this.#side);
  }

  /** Follows no table any more, and clears all columns. */
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
