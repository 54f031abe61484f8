import type { RowColumn } from './row-columns.ts';

/** How long a side table keeps what it has of a row. */
export type RowLifetime =
  /** Until the row is given to another flow. */
  | 'flow'
  /** Until then, or until the match or the actions of its flow change. */
  | 'version'
  /** The flow table never resets it: for what is written before it is read in each pass. */
  | 'row';

/** The columns of one side table, without the side table. */
export interface SideColumns {
  readonly lifetime: RowLifetime;
  readonly columns: RowColumn[];
}

/**
 * The side tables of a flow table: has their columns grow with the flow table and reset with its
 * rows. A side table whose owner has gone is dropped: its columns are kept here, the side table
 * itself is not. Nor is the flow table: a side table that outlives it keeps only this.
 */
export class SideTables {
  #rows = 0;
  readonly #all = new Set<SideColumns>();
  /** The columns of all, by what resets them. */
  #ofFlow: RowColumn[] = [];
  #ofVersion: RowColumn[] = [];
  readonly #abandoned = new FinalizationRegistry<SideColumns>((side) => this.#drop(side));

  /** Side tables that follow the flow table, those included whose owner has gone unnoticed. */
  get size(): number {
    return this.#all.size;
  }

  /** Takes in the columns of `owner`, and sizes them; until `leave`, or until `owner` is gone. */
  join(owner: object, side: SideColumns): void {
    for (const column of side.columns) column.grow(this.#rows);
    this.#all.add(side);
    this.#sort();
    this.#abandoned.register(owner, side, owner);
  }

  leave(owner: object, side: SideColumns): void {
    this.#abandoned.unregister(owner);
    this.#drop(side);
  }

  /** Takes in one more column of a side table that has joined. */
  add(column: RowColumn): void {
    column.grow(this.#rows);
    this.#sort();
  }

  /** The flow table has room for `rows` rows now. */
  grow(rows: number): void {
    this.#rows = rows;
    for (const { columns } of this.#all) for (const column of columns) column.grow(rows);
  }

  /** A row that had a flow is given to another one. */
  startFlow(row: number): void {
    for (let i = 0; i < this.#ofFlow.length; i++) this.#ofFlow[i].reset(row);
    for (let i = 0; i < this.#ofVersion.length; i++) this.#ofVersion[i].reset(row);
  }

  /** The match or the actions of a row's flow have changed. */
  startVersion(row: number): void {
    for (let i = 0; i < this.#ofVersion.length; i++) this.#ofVersion[i].reset(row);
  }

  #drop(side: SideColumns): void {
    if (this.#all.delete(side)) this.#sort();
  }

  #sort(): void {
    const of = (lifetime: RowLifetime): RowColumn[] =>
      [...this.#all].flatMap((side) => (side.lifetime === lifetime ? side.columns : []));
    this.#ofFlow = of('flow');
    this.#ofVersion = of('version');
  }
}
