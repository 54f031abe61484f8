import type { FlowActions } from '../model/action.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { FlowMatch } from '../model/match.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { FlowView } from './fact.ts';

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
  #matches: (FlowMatch | undefined)[] = [];
  #actions: (FlowActions | undefined)[] = [];
  #rows = 0;
  #ports: PortSnapshot | undefined;

  keep(remembered: Remembered): void {
    this.#kept.push(remembered);
    remembered.fit(this.#rows);
  }

  /** Takes up the tick that `view` looks at: notices what changed since the last one. */
  update(view: FlowView): void {
    const { highWater } = view.table;
    if (highWater > this.#rows) {
      this.#rows = highWater * 2;
      for (const kept of this.#kept) kept.fit(this.#rows);
    }
    if (view.context.ports !== this.#ports) {
      this.#ports = view.context.ports;
      for (const kept of this.#kept) if (kept.ports) kept.forgetAll();
    }
    if (this.#kept.length > 0) this.#follow(view.table);
  }

  #follow(table: FlowTable): void {
    const { rows, count } = table;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      const match = table.matchAt(row);
      const actions = table.actionsAt(row);
      // A flow's match and actions are objects that are replaced, never written to.
      if (this.#matches[row] === match && this.#actions[row] === actions) continue;
      this.#matches[row] = match;
      this.#actions[row] = actions;
      for (const kept of this.#kept) kept.forget(row);
    }
  }
}
