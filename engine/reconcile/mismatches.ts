import type { FlowTable } from '../model/flow-table.ts';
import { SideTable } from '../model/side-table.ts';

/** Time for which a flow is held on the vSwitch after a sample found that its entry was wrong, ms. */
const HOLD_MS = 60_000;

/** An entry that did something else than the vSwitch would have done. */
export interface Mismatch {
  /** What differed. */
  readonly detail: string;
  /** Until when the flow is held on the vSwitch, ms of the clock. */
  readonly untilMs: number;
}

/** Flows that are held on the vSwitch because a sample found that their entry was wrong. */
export class Mismatches {
  /** With other actions, the flow may have an entry again. */
  readonly #rows = new SideTable('version');
  readonly #found = this.#rows.sparse<Mismatch>();

  /** Holds the row's flow on the vSwitch. */
  record(table: FlowTable, row: number, detail: string, nowMs: number): void {
    this.#rows.follow(table);
    this.#found.values.set(row, { detail, untilMs: nowMs + HOLD_MS });
  }

  /** The mismatch for which the row's flow is held, if any. */
  of(row: number, nowMs: number): Mismatch | undefined {
    const found = this.#found.values.get(row);
    return found !== undefined && nowMs < found.untilMs ? found : undefined;
  }
}
