import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { FlowView } from '../model/fact.ts';

/** Something that was worked out of what flows are, and is good until they change. */
export interface Remembered {
  /** It looks at the port directory, too. */
  readonly ports: boolean;
  /** Makes room for that many rows; new ones are not known. */
  fit(rows: number): void;
  forget(row: number): void;
  forgetAll(): void;
}

/**
 * Notices when a row is given to another flow, or its flow's match, actions or ports change, and
 * has everything forgotten that followed from them.
 */
export class FlowMemory {
  readonly #kept: Remembered[] = [];
  #table: FlowTable | undefined;
  /** The table's count of changes of each row, as far as they have been followed. */
  #followed = new Uint32Array(0);
  #rows = 0;
  #ports: PortSnapshot | undefined;

  keep(remembered: Remembered): void {
    this.#kept.push(remembered);
    remembered.fit(this.#rows);
  }

  /** Takes up the tick that `view` looks at: notices what changed since the last one. */
  update(view: FlowView): void {
    const { table } = view;
    if (table.highWater > this.#rows) this.#fit(table.highWater * 2);
    if (table !== this.#table) {
      this.#table = table;
      this.#followed.fill(0);
    }
    if (view.context.ports !== this.#ports) {
      this.#ports = view.context.ports;
      for (const kept of this.#kept) if (kept.ports) kept.forgetAll();
    }
    if (this.#kept.length > 0) this.#follow(table);
  }

  #fit(rows: number): void {
    this.#rows = rows;
    const followed = new Uint32Array(rows);
    followed.set(this.#followed);
    this.#followed = followed;
    for (const kept of this.#kept) kept.fit(rows);
  }

  #follow({ rows, count, changes }: FlowTable): void {
    const followed = this.#followed;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      if (followed[row] === changes[row]) continue;
      followed[row] = changes[row];
      for (const kept of this.#kept) kept.forget(row);
    }
  }
}
