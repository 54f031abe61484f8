import type { RowColumn } from './row-columns.ts';

/** How long a side table keeps the values of a row. */
export type RowLifetime =
  /** Until the row is given to another flow. */
  | 'flow'
  /** Until the row is given to another flow, or the match or actions of its flow change. */
  | 'version'
  /** Never reset: for values that each pass writes before it reads them. */
  | 'row';

/** The columns of one side table, without the side table. */
export interface SideColumns {
  readonly lifetime: RowLifetime;
  readonly columns: RowColumn[];
}

/**
 * The side tables of a flow table: resizes their columns with the flow table and resets them with its
 * rows. It does not reference the flow table, so that a side table does not keep it alive.
 */
export class SideTables {
  #rows = 0;
  readonly #all = new Set<SideColumns>();
  /** Columns of all side tables, by what resets them. */
  #ofFlow: RowColumn[] = [];
  #ofVersion: RowColumn[] = [];

  /** Number of side tables that follow the flow table. */
  get size(): number {
    return this.#all.size;
  }

  /** Adds and sizes the columns of a side table, until `leave`. */
  join(side: SideColumns): void {
    for (const column of side.columns) column.resize(this.#rows);
    this.#all.add(side);
    this.#sort();
  }

  leave(side: SideColumns): void {
    if (this.#all.delete(side)) this.#sort();
  }

  /** Adds a column of a side table that has joined. */
  add(column: RowColumn): void {
    column.resize(this.#rows);
    this.#sort();
  }

  /** Resizes all columns to `rows` rows. */
  resize(rows: number): void {
    this.#rows = rows;
    for (const { columns } of this.#all) for (const column of columns) column.resize(rows);
  }

  /** Resets a row that is given to another flow. */
  startFlow(row: number): void {
    for (let i = 0; i < this.#ofFlow.length; i++) this.#ofFlow[i].reset(row);
    for (let i = 0; i < this.#ofVersion.length; i++) this.#ofVersion[i].reset(row);
  }

  /** Resets what depends on the match and actions of a row's flow, which have changed. */
  startVersion(row: number): void {
    for (let i = 0; i < this.#ofVersion.length; i++) this.#ofVersion[i].reset(row);
  }

  #sort(): void {
    const of = (lifetime: RowLifetime): RowColumn[] =>
      [...this.#all].flatMap((side) => (side.lifetime === lifetime ? side.columns : []));
    this.#ofFlow = of('flow');
    this.#ofVersion = of('version');
  }
}
