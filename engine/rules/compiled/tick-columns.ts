import { FLOW_KEYS, type FactSource, type FlowKey } from './fact-sources.ts';
import type { FlowMemory } from './flow-memory.ts';
import { KeyColumn } from './key-column.ts';
import { DerivedColumn, type NumberColumn, TableColumn } from './number-column.ts';
import type { Chunk } from './row-condition.ts';

/** The columns that conditions share: each is made once, whichever rules look at it. */
export class TickColumns {
  readonly memory: FlowMemory;
  readonly #chunk: Chunk;
  readonly #numbers = new Map<string, NumberColumn>();
  readonly #keys = new Map<FlowKey, KeyColumn>();

  constructor(memory: FlowMemory, chunk: Chunk) {
    this.memory = memory;
    this.#chunk = chunk;
  }

  /** The numbers of what `id` stands for; undefined when they are not had as a column. */
  numbers(id: string, source: FactSource): NumberColumn | undefined {
    if (source.kind !== 'column' && source.kind !== 'derived') return undefined;
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const column =
      source.kind === 'column'
        ? new TableColumn(source.of)
        : new DerivedColumn(source.fill, this.#chunk);
    this.#numbers.set(id, column);
    return column;
  }

  keys(key: FlowKey): KeyColumn {
    let column = this.#keys.get(key);
    if (column === undefined) {
      column = new KeyColumn(this.memory, FLOW_KEYS[key]);
      this.#keys.set(key, column);
    }
    return column;
  }
}
