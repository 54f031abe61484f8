import { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { factNamed } from './facts.ts';
import type { FlowView } from './fact.ts';

/** A placed flow keeps its rank until another has so many times its packets. */
const INCUMBENT = 1.3;

/**
 * Puts the flows of each slice in order, once a tick: those with the most packets a second first.
 * Flows that only the vSwitch can process have no rank and take none from others.
 */
export class SliceRanks {
  readonly #rowsOf = new Map<string, number[]>();
  #ranks = new Uint32Array(0);
  #weights = new Float64Array(0);

  /** Ranks the live flows of the table that `view` looks at; moves the view. */
  update(view: FlowView): void {
    const { table } = view;
    this.#fit(table);
    for (const rows of this.#rowsOf.values()) rows.length = 0;
    const offloadable = factNamed('offloadable');
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      view.row = row;
      this.#ranks[row] = 0;
      const slice = view.slice;
      if (slice === undefined || offloadable?.read(view, {}) !== true) continue;
      const placed = table.decision.placement[row] !== Placement.onload;
      this.#weights[row] = table.rates.packetsPerSecond[row] * (placed ? INCUMBENT : 1);
      this.#rowsFor(slice).push(row);
    }
    const weights = this.#weights;
    for (const rows of this.#rowsOf.values()) {
      rows.sort((a, b) => weights[b] - weights[a] || a - b);
      rows.forEach((row, i) => {
        this.#ranks[row] = i + 1;
      });
    }
  }

  /** From 1; undefined for a flow without a slice or that cannot be offloaded. */
  of(row: number): number | undefined {
    const rank = this.#ranks[row];
    return rank === 0 ? undefined : rank;
  }

  #rowsFor(slice: string): number[] {
    let rows = this.#rowsOf.get(slice);
    if (rows === undefined) {
      rows = [];
      this.#rowsOf.set(slice, rows);
    }
    return rows;
  }

  #fit(table: FlowTable): void {
    if (this.#ranks.length >= table.highWater) return;
    this.#ranks = new Uint32Array(table.highWater * 2);
    this.#weights = new Float64Array(table.highWater * 2);
  }
}
