import { Placement } from '../model/flow.ts';
import type { FlowView } from './fact.ts';

/** What the flows of one slice have and do, together. */
export interface SliceUse extends Readonly<Record<string, number>> {
  flows: number;
  entries: number;
  bitsPerSecond: number;
  packetsPerSecond: number;
}

/** Adds up, once a tick, what each slice uses. */
export class SliceMeter {
  readonly #uses = new Map<string, SliceUse>();

  /** Counts the live flows of the table that `view` looks at; moves the view. */
  update(view: FlowView): void {
    const { table } = view;
    this.#uses.clear();
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      view.row = row;
      const name = view.slice;
      if (name === undefined) continue;
      let use = this.#uses.get(name);
      if (use === undefined) {
        use = { flows: 0, entries: 0, bitsPerSecond: 0, packetsPerSecond: 0 };
        this.#uses.set(name, use);
      }
      use.flows++;
      if (table.decision.placement[row] !== Placement.onload) use.entries++;
      use.bitsPerSecond += table.rates.bitsPerSecond[row];
      use.packetsPerSecond += table.rates.packetsPerSecond[row];
    }
  }

  /** Undefined when the slice has no flow. */
  of(slice: string | undefined): SliceUse | undefined {
    return slice === undefined ? undefined : this.#uses.get(slice);
  }
}
