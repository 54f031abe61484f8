import type { FlowTable } from '../../engine/model/flow-table.ts';

/** Finds the rows with the highest rates in one pass over the table. */
export class TopRows {
  readonly #rows: Int32Array;
  readonly #rates: Float64Array;

  /** `maxRows`: number of rows to find. */
  constructor(maxRows: number) {
    this.#rows = new Int32Array(maxRows);
    this.#rates = new Float64Array(maxRows);
  }

  /** Live rows with the most smoothed bits/s, descending; rows that send nothing are left out. */
  findTop(table: FlowTable): Int32Array {
    const maxRows = this.#rows.length;
    if (maxRows === 0) return this.#rows;
    const { bitsPerSecond } = table.rates;
    let found = 0;
    let minRate = 0;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const rate = bitsPerSecond[row];
      if (rate <= minRate) continue;
      this.#insert(row, rate, Math.min(found, maxRows - 1));
      if (found < maxRows) found++;
      if (found === maxRows) minRate = this.#rates[maxRows - 1];
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
