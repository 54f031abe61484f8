import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { SideTable } from '../../../engine/model/side-table.ts';

/** Smallest list of rows; it is replaced when it is so many times larger than the table. */
const MIN_ROWS = 1024;
const OVERSIZE = 8;

/**
 * The counters of one reading by row, observed at its end: until then, a flow may prove to have left
 * the datapath.
 */
export class FlowTally {
  /** Only what a row has of this reading is used. */
  readonly #side = new SideTable('row');
  readonly #seenColumn = this.#side.uint32();
  readonly #packetsColumn = this.#side.float64();
  readonly #bytesColumn = this.#side.float64();
  readonly #idleMsColumn = this.#side.float64();

  /** The last reading that saw the row; 0 when it is not part of the reading. */
  #seen = this.#seenColumn.values;
  #packets = this.#packetsColumn.values;
  #bytes = this.#bytesColumn.values;
  /** ms since the last packet; negative when there was none. */
  #idleMs = this.#idleMsColumn.values;
  #reading = 0;
  /** Rows seen in this reading: `rows[0 .. count)`. */
  #rows = new Int32Array(0);
  #count = 0;

  /** Rows of the reading so far, with those that were taken out. */
  get size(): number {
    return this.#count;
  }

  /** Starts with no flows. */
  begin(table: FlowTable): void {
    this.#reading++;
    this.#count = 0;
    this.#side.follow(table);
    this.#bindColumns();
    if (this.#rows.length > OVERSIZE * Math.max(MIN_ROWS, table.highWater)) {
      this.#rows = new Int32Array(0);
    }
  }

  /** Sets the counters of a row's flow; a dump can list a flow twice, and the last time counts. */
  set(row: number, packets: number, bytes: number, idleMs: number): void {
    // A grown table has new arrays for its columns.
    if (row >= this.#seen.length) this.#bindColumns();
    if (this.#seen[row] !== this.#reading) {
      this.#seen[row] = this.#reading;
      if (this.#count === this.#rows.length) this.#growRows();
      this.#rows[this.#count++] = row;
    }
    this.#packets[row] = packets;
    this.#bytes[row] = bytes;
    this.#idleMs[row] = idleMs;
  }

  /** True when the row's flow is part of the reading. */
  has(row: number): boolean {
    return this.#seen[row] === this.#reading;
  }

  /** Takes the row's flow out of the reading, if it is part of it. */
  remove(row: number): void {
    if (row >= 0 && row < this.#seen.length) this.#seen[row] = 0;
  }

  /** Observes the flows of the reading; returns their number. */
  observeAll(table: FlowTable): number {
    let flows = 0;
    for (let i = 0; i < this.#count; i++) {
      const row = this.#rows[i];
      if (this.#seen[row] !== this.#reading) continue;
      table.observe(row, this.#packets[row], this.#bytes[row], this.#idleMs[row]);
      flows++;
    }
    return flows;
  }

  #growRows(): void {
    const next = new Int32Array(Math.max(MIN_ROWS, this.#rows.length * 2));
    next.set(this.#rows);
    this.#rows = next;
  }

  #bindColumns(): void {
    this.#seen = this.#seenColumn.values;
    this.#packets = this.#packetsColumn.values;
    this.#bytes = this.#bytesColumn.values;
    this.#idleMs = this.#idleMsColumn.values;
  }
}
