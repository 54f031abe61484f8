import type { FlowView } from '../model/fact.ts';

/**
 * A condition over many flows at a time.
 *
 * It partitions a list of rows in place. A loop over rows inside a comparison is several times
 * faster than a call per row, and each comparison processes only the rows that are still undecided
 * (measured in docs/decisions/006).
 */
export interface RowCondition {
  /**
   * Prepares for the view's tick, before any `split` in it. Returns the verdict if it is the same
   * for all flows, otherwise undefined.
   */
  prepare(view: FlowView): boolean | undefined;
  /**
   * Moves the rows of `rows[from .. to)` that match to the front, in any order, and returns their
   * end. Only after {@link prepare} returned undefined.
   */
  split(rows: Int32Array, from: number, to: number): number;
}

/** Rows that are evaluated together: few enough that their data stays in the CPU cache. */
export class Chunk {
  readonly rows: Int32Array;
  count = 0;
  /** Changes with each {@link load}, to detect values computed for the previous chunk. */
  serial = 0;

  constructor(size: number) {
    this.rows = new Int32Array(size);
  }

  /** Copies `rows[from .. from + size)`, up to `to`. */
  load(rows: Int32Array, from: number, to: number): void {
    this.serial++;
    this.count = Math.min(this.rows.length, to - from);
    for (let i = 0; i < this.count; i++) this.rows[i] = rows[from + i];
  }
}
