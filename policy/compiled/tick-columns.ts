import type { KeyColumns } from '../state/key-column.ts';
import type { PolicyColumns } from '../state/policy-columns.ts';
import { DerivedColumn, KeyedNumbers, type NumberColumn, TableColumn } from './number-column.ts';
import type { Chunk } from './row-condition.ts';
import type { Side } from './side.ts';

/** Columns shared by the conditions of all rules. */
export class TickColumns {
  readonly rows: PolicyColumns;
  readonly keys: KeyColumns;
  readonly #chunk: Chunk;
  readonly #numbers = new Map<string, NumberColumn>();

  constructor(rows: PolicyColumns, keys: KeyColumns, chunk: Chunk) {
    this.rows = rows;
    this.keys = keys;
    this.#chunk = chunk;
  }

  /** A column with the numbers of a fact; undefined if the fact has no column. */
  numbers(side: Side): NumberColumn | undefined {
    const known = this.#numbers.get(side.id);
    if (known !== undefined) return known;
    const column = this.#columnOf(side);
    if (column !== undefined) this.#numbers.set(side.id, column);
    return column;
  }

  #columnOf({ source, params, read }: Side): NumberColumn | undefined {
    if (source.kind === 'column') return new TableColumn(source.of);
    const { byRow } = this.rows;
    if (source.kind === 'derived')
      return new DerivedColumn({ fill: source.fill, params, chunk: this.#chunk, byRow });
    if (source.kind === 'keyed') return new KeyedNumbers(this.keys.of(source.key), read, byRow);
    return undefined;
  }
}
