import { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';

/** Rows fit into the low 21 bits of a key, so that row and 32 bits of rank make an exact number. */
const ROWS = 2 ** 21;

/**
 * The order in which flows come to be evaluated while there is time: those that are placed,
 * longest unevaluated first (so each has its turn, the quiet ones that should come back, too);
 * and those on the vSwitch, highest packet rate first.
 *
 * Sorts numbers in place (rank and row packed into one) and allocates only when the table grows.
 * For tables of up to 2,097,152 rows.
 */
export class EvaluationOrder {
  /** How many flows are placed: `rowAt(0 .. placed)`; the others follow, up to `count`. */
  placed = 0;
  count = 0;
  #keys = new Float64Array(0);
  #evaluatedIn = new Uint32Array(0);
  #round = 0;
  readonly #float = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#float.buffer);

  /** Puts the live rows in order; starts a round. */
  arrange(table: FlowTable): void {
    this.#round++;
    this.#fit(table);
    const n = table.count;
    const keys = this.#keys;
    const { placement } = table.decision;
    let front = 0;
    let back = n;
    for (let i = 0; i < n; i++) {
      const row = table.rows[i];
      if (placement[row] === Placement.onload) {
        keys[--back] = this.#rank(table.rates.packetsPerSecond[row]) * ROWS + row;
      } else {
        keys[front++] = this.#evaluatedIn[row] * ROWS + row;
      }
    }
    keys.subarray(0, front).sort();
    keys.subarray(front, n).sort();
    this.placed = front;
    this.count = n;
  }

  /** The row that comes at place `i`. */
  rowAt(i: number): number {
    return this.#keys[i] % ROWS;
  }

  /** Notes that the row was evaluated in this round. */
  evaluated(row: number): void {
    this.#evaluatedIn[row] = this.#round;
  }

  /** Whether the row was ever evaluated. */
  knows(row: number): boolean {
    return this.#evaluatedIn[row] !== 0;
  }

  /** Higher rates get lower ranks; the bits of positive floats are in the order of the floats. */
  #rank(rate: number): number {
    this.#float[0] = rate;
    return 0xffffffff - this.#bits[0];
  }

  #fit(table: FlowTable): void {
    if (this.#keys.length < table.count) this.#keys = new Float64Array(table.count * 2);
    if (this.#evaluatedIn.length >= table.highWater) return;
    const next = new Uint32Array(table.highWater * 2);
    next.set(this.#evaluatedIn);
    this.#evaluatedIn = next;
  }
}
