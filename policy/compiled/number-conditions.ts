import type { Needed } from '../model/extent.ts';
import type { FlowView } from '../model/fact.ts';
import { UNKNOWN } from '../model/possible.ts';
import type { NumberColumn } from './number-column.ts';
import type { ColumnLoop, NumberLoop } from './number-loops.ts';
import type { RowCondition } from './row-condition.ts';

/** Compares a column with a number that is the same for all flows of a tick. */
export class ColumnWithNumber implements RowCondition {
  readonly #column: NumberColumn;
  readonly #loop: NumberLoop;
  readonly #number: (view: FlowView) => unknown;
  readonly #needed: Needed;
  #value = Number.NaN;

  /**
   * `number` reads the other side. If there is no number, the condition holds for no flow; if it is
   * not known, for all flows or for none, as `needed` says.
   */
  constructor(
    column: NumberColumn,
    loop: NumberLoop,
    number: (view: FlowView) => unknown,
    needed: Needed,
  ) {
    this.#column = column;
    this.#loop = loop;
    this.#number = number;
    this.#needed = needed;
  }

  prepare(view: FlowView): boolean | undefined {
    const value = this.#number(view);
    if (typeof value !== 'number') return value === UNKNOWN && this.#needed === 'some';
    this.#value = value;
    this.#column.prepare(view);
    return undefined;
  }

  split(rows: Int32Array, from: number, to: number): number {
    return this.#loop(rows, from, to, this.#column.values(rows, from, to), this.#value);
  }
}

/** Compares two columns. */
export class ColumnWithColumn implements RowCondition {
  readonly #left: NumberColumn;
  readonly #right: NumberColumn;
  readonly #loop: ColumnLoop;

  constructor(left: NumberColumn, loop: ColumnLoop, right: NumberColumn) {
    this.#left = left;
    this.#loop = loop;
    this.#right = right;
  }

  prepare(view: FlowView): undefined {
    this.#left.prepare(view);
    this.#right.prepare(view);
  }

  split(rows: Int32Array, from: number, to: number): number {
    const left = this.#left.values(rows, from, to);
    return this.#loop(rows, from, to, left, this.#right.values(rows, from, to));
  }
}
