import { DescendingOrder } from '../model/descending-order.ts';

/** High bits of a number's key by which the best are found: 128 steps an octave. */
const STEP_BITS = 16;
const STEPS = 1 << STEP_BITS;
const SHIFT = 32 - STEP_BITS;
/** Sign bit of a 32-bit float. */
const SIGN = 0x8000_0000;
const NO_ROWS = new Int32Array(0);

/**
 * Rows by score, as a head in order and a tail that is not sorted: a table takes only some of many
 * contenders, and most of the others can be rejected without a place in the order.
 */
export class Ranking {
  readonly #order = new DescendingOrder();
  readonly #counts = new Uint32Array(STEPS);
  readonly #float = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#float.buffer);
  #steps = new Uint16Array(0);
  #headRows = new Int32Array(0);
  #tailRows = new Int32Array(0);
  /** The best rows, best first; valid until the next split. */
  head: Int32Array = NO_ROWS;
  /** The other rows, none of which scores more than a row of the head. */
  tail: Int32Array = NO_ROWS;
  /**
   * Splits `rows[0 .. count)`.
   *
   * @param keys scores by row
   * @param min rows of the head, at least; those that score alike are added
   */
  split(rows: Int32Array, count: number, keys: Float64Array, min: number): void {
    if (count <= min) {
      this.head = this.#order.sort(rows, count, keys).subarray(0, count);
      this.tail = NO_ROWS;
      return;
    }
    this.#fit(count);
    const steps = this.#steps;
    const counts = this.#counts.fill(0);
    for (let i = 0; i < count; i++) {
      this.#float[0] = keys[rows[i]];
      const bits = this.#bits[0];
      // As in DescendingOrder: the smaller the key, the better.
      const step = (bits >= SIGN ? bits : ~bits & ~SIGN) >>> SHIFT;
      steps[i] = step;
      counts[step]++;
    }
    let last = 0;
    for (let left = min - counts[0]; left > 0; left -= counts[last]) last++;
    let head = 0;
    let tail = 0;
    for (let i = 0; i < count; i++) {
      if (steps[i] <= last) this.#headRows[head++] = rows[i];
      else this.#tailRows[tail++] = rows[i];
    }
    this.head = this.#order.sort(this.#headRows, head, keys).subarray(0, head);
    this.tail = this.#tailRows.subarray(0, tail);
  }

  #fit(count: number): void {
    if (this.#steps.length >= count) return;
    this.#steps = new Uint16Array(count * 2);
    this.#headRows = new Int32Array(count * 2);
    this.#tailRows = new Int32Array(count * 2);
  }
}
