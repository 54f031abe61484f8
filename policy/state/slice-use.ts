import type { SliceUse } from '../model/slice.ts';
import { Placement } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { KeyColumn } from './key-column.ts';

/** Computes the totals of each slice once per tick. */
export class SliceMeter {
  readonly #slices: KeyColumn;
  #flows = new Float64Array(0);
  #entries = new Float64Array(0);
  #bitsPerSecond = new Float64Array(0);
  #packetsPerSecond = new Float64Array(0);

  /** `slices`: key column of slices. */
  constructor(slices: KeyColumn) {
    this.#slices = slices;
  }

  /** Sums up the live flows of the table; `sliceOf`: key number of the slice by row. */
  update(table: FlowTable, sliceOf: Uint32Array): void {
    const { bound } = this.#slices;
    const flows = new Float64Array(bound);
    const entries = new Float64Array(bound);
    const bits = new Float64Array(bound);
    const packets = new Float64Array(bound);
    const { bitsPerSecond, packetsPerSecond } = table.rates;
    const { placement } = table.decision;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const slice = sliceOf[row];
      flows[slice]++;
      if (placement[row] !== Placement.onload) entries[slice]++;
      bits[slice] += bitsPerSecond[row];
      packets[slice] += packetsPerSecond[row];
    }
    this.#flows = flows;
    this.#entries = entries;
    this.#bitsPerSecond = bits;
    this.#packetsPerSecond = packets;
  }

  /** Undefined if the slice has no flow. */
  of(slice: string | undefined): SliceUse | undefined {
    const number = slice === undefined ? 0 : this.#slices.numberOf(slice);
    if (number >= this.#flows.length || this.#flows[number] === 0) return undefined;
    return {
      flows: this.#flows[number],
      entries: this.#entries[number],
      bitsPerSecond: this.#bitsPerSecond[number],
      packetsPerSecond: this.#packetsPerSecond[number],
    };
  }
}
