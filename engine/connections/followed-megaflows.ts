import type { FlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { SideTable } from '../model/side-table.ts';
import type { MegaflowIndex } from './chain/megaflow-index.ts';

/** Keeps an index of megaflows like the flow table, at no cost for those that stay. */
export class FollowedMegaflows {
  readonly #index: MegaflowIndex;
  readonly #isConnection: (row: number) => boolean;
  readonly #side = new SideTable('row');
  /** By row: `FlowTable.changes` of the indexed megaflow; 0: the row is not indexed. */
  readonly #changes = this.#side.uint32();
  readonly #indexed = new Map<number, FlowId>();

  /** @param isConnection true for rows that are connections, which are not indexed */
  constructor(index: MegaflowIndex, isConnection: (row: number) => boolean) {
    this.#index = index;
    this.#isConnection = isConnection;
  }

  /** Takes the megaflows that a reading has left in the table. */
  follow(table: FlowTable): void {
    this.#side.follow(table);
    const changes = this.#changes.values;
    for (const [row, id] of this.#indexed) {
      if (row < table.highWater && table.isObserved(row) && changes[row] === table.changes[row]) {
        continue;
      }
      this.#index.remove(id);
      this.#indexed.delete(row);
      if (row < changes.length) changes[row] = 0;
    }
    for (let row = 0; row < table.highWater; row++) {
      if (changes[row] === table.changes[row] || !table.isObserved(row)) continue;
      if (this.#isConnection(row)) continue;
      const spec = table.specAt(row);
      this.#index.put(spec);
      this.#indexed.set(row, spec.id);
      changes[row] = table.changes[row];
    }
  }
}
