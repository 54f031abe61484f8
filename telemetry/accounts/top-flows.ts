import type { FlowTable } from '../../engine/model/flow-table.ts';

/** Finds the rows with the highest rates in one pass, keeping no more than it is asked for. */
export class TopRows {
  readonly #rows: Int32Array;
  readonly #rates: Float64Array;

  /** `most`: rows to find. */
  constructor(most: number) {
    this.#rows = new Int32Array(most);
    this.#rates = new Float64Array(most);
  }

  /** Live rows with the most smoothed bits/s, descending; rows that send nothing are left out. */
  find(table: FlowTable): Int32Array {
    const most = this.#rows.length;
    if (most === 0) return this.#rows;
    const { bitsPerSecond } = table.rates;
    let found = 0;
    let least = 0;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const rate = bitsPerSecond[row];
      if (rate <= least) continue;
      this.#insert(row, rate, Math.min(found, most - 1));
      if (found < most) found++;
      if (found === most) least = this.#rates[most - 1];
    }
    return this.#rows.subarray(0, found);
  }

  #insert(row: number, rate: number, last: number): void {
    let at = last;
    for (; at > 0 && this.#rates[at - 1] < rate; at--) {
      this.#rates[at] = this.#rates[at - 1];
      this.#rows[at] = this.#rows[at - 1];
    }
    this.#rates[at] = rate;
    this.#rows[at] = row;
  }
}
