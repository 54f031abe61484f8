import { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { FlowView } from './fact.ts';

/** A placed flow keeps its rank until another has so many times its packets. */
const INCUMBENT = 1.3;

/** Rows fit into the low 21 bits of a key, so that row and 32 bits of weight make an exact number. */
const ROWS = 2 ** 21;

/**
 * Puts the flows of each slice in order, once a tick: those with the most packets a second first.
 * Flows that only the vSwitch can process have no rank and take none from others.
 *
 * Sorts numbers (weight and row packed into one) and allocates only when a slice grows.
 */
export class SliceRanks {
  readonly #slices = new Map<string, { keys: Float64Array; count: number }>();
  #ranks = new Uint32Array(0);
  readonly #float = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#float.buffer);

  /** Ranks the live flows of the table that `view` looks at; moves the view. */
  update(view: FlowView): void {
    const { table } = view;
    const { packetsPerSecond } = table.rates;
    if (this.#ranks.length < table.highWater) this.#ranks = new Uint32Array(table.highWater * 2);
    for (const slice of this.#slices.values()) slice.count = 0;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      view.row = row;
      this.#ranks[row] = 0;
      const name = view.slice;
      if (name === undefined || !isOffloadable(table, row)) continue;
      const placed = table.decision.placement[row] !== Placement.onload;
      this.#float[0] = packetsPerSecond[row] * (placed ? INCUMBENT : 1);
      // The bits of positive floats are in the order of the floats; the largest comes first.
      this.#add(name, (0xffffffff - this.#bits[0]) * ROWS + row);
    }
    for (const { keys, count } of this.#slices.values()) {
      keys.subarray(0, count).sort();
      for (let i = 0; i < count; i++) this.#ranks[keys[i] % ROWS] = i + 1;
    }
  }

  /** From 1; undefined for a flow without a slice or that cannot be offloaded. */
  of(row: number): number | undefined {
    const rank = this.#ranks[row];
    return rank === 0 ? undefined : rank;
  }

  #add(name: string, key: number): void {
    let slice = this.#slices.get(name);
    if (slice === undefined) {
      slice = { keys: new Float64Array(64), count: 0 };
      this.#slices.set(name, slice);
    }
    if (slice.count === slice.keys.length) {
      const grown = new Float64Array(slice.count * 2);
      grown.set(slice.keys);
      slice.keys = grown;
    }
    slice.keys[slice.count++] = key;
  }
}

/** As the fact `offloadable` says. */
function isOffloadable(table: FlowTable, row: number): boolean {
  if (table.matchAt(row).opaque.length > 0) return false;
  for (const action of table.actionsAt(row)) if (action.kind === 'opaque') return false;
  return true;
}
