import { Placement } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { Float64Column, Uint32Column } from '../../engine/model/row-columns.ts';
import type { SideTable } from '../../engine/model/side-table.ts';
import { DescendingOrder } from '../../engine/model/descending-order.ts';
import type { KeyColumn } from './key-column.ts';

/** A placed flow keeps its rank until another flow has this multiple of its packets. */
const INCUMBENT_FACTOR = 1.3;

/**
 * Ranks the flows of each slice by packets per second, once per tick. Flows that only the vSwitch
 * can process have no rank and do not affect the ranks of others.
 */
export class SliceRanks {
  readonly #slices: KeyColumn;
  readonly #order = new DescendingOrder();
  readonly #ranks: Uint32Column;
  readonly #weights: Float64Column;

  /**
   * `slices`: key column of the slices of offloadable flows; `byFlow`: a side table with the
   * lifetime `flow`, which follows the flow table.
   */
  constructor(slices: KeyColumn, byFlow: SideTable) {
    this.#slices = slices;
    this.#ranks = byFlow.uint32();
    this.#weights = byFlow.float64();
  }

  /** Ranks the live flows of the table; `sliceOf`: key number of the slice by row. */
  update(table: FlowTable, sliceOf: Uint32Array): void {
    const ranks = this.#ranks.values;
    const weights = this.#weights.values;
    const { rows, count } = table;
    const { packetsPerSecond } = table.rates;
    const { placement } = table.decision;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      const placed = placement[row] !== Placement.onload;
      weights[row] = packetsPerSecond[row] * (placed ? INCUMBENT_FACTOR : 1);
    }
    const inOrder = this.#order.sort(rows, count, weights);
    const last = new Uint32Array(this.#slices.bound);
    const none = this.#slices.numberOf(undefined);
    for (let i = 0; i < count; i++) {
      const row = inOrder[i];
      const slice = sliceOf[row];
      ranks[row] = slice === none ? 0 : ++last[slice];
    }
  }

  /** From 1; undefined for a flow without a slice or that is not offloadable. */
  of(row: number): number | undefined {
    const rank = this.#ranks.values[row];
    return rank === 0 ? undefined : rank;
  }
}
