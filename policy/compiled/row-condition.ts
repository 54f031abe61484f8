import type { FlowView } from '../model/fact.ts';

/**
 * A condition over many flows at a time.
 *
 * It looks at a list of rows and sorts it in two, in place: a loop over rows inside a comparison
 * is several times faster than a call for each row, and each comparison so sees only the rows
 * that are still open (docs/decisions/006 has the numbers).
 */
export interface RowCondition {
  /**
   * Takes up the tick that `view` looks at, before any `split` of that tick. Returns the verdict
   * when it is the same for every flow; otherwise undefined.
   */
  begin(view: FlowView): boolean | undefined;
  /**
   * Moves those of `rows[from .. to)` for which it holds to the front of that stretch, in any
   * order, and returns where they end. Only when {@link begin} returned undefined.
   */
  split(rows: Int32Array, from: number, to: number): number;
}

/** The rows that are looked at together: few enough for what is read of them to stay in cache. */
export class Chunk {
  readonly rows: Int32Array;
  count = 0;
  /** Changes with each {@link take}, so that what was worked out for the one before is noticed. */
  serial = 0;

  constructor(size: number) {
    this.rows = new Int32Array(size);
  }

  /** Takes `rows[from .. from + size)`, as far as `to`. */
  take(rows: Int32Array, from: number, to: number): void {
    this.serial++;
    this.count = Math.min(this.rows.length, to - from);
    for (let i = 0; i < this.count; i++) this.rows[i] = rows[from + i];
  }
}
