import type { FlowView } from '../model/fact.ts';
import type { NumberColumn } from './number-column.ts';
import type { ColumnLoop, NumberLoop } from './number-loops.ts';
import type { RowCondition } from './row-condition.ts';

/** Compares a column with a number that is the same for all flows of a tick. */
export class ColumnWithNumber implements RowCondition {
  readonly #column: NumberColumn;
  readonly #loop: NumberLoop;
  readonly #number: (view: FlowView) => unknown;
  #value = Number.NaN;

  /** `number` reads the other side; if it is not a number, the condition holds for no flow. */
  constructor(column: NumberColumn, loop: NumberLoop, number: (view: FlowView) => unknown) {
    this.#column = column;
    this.#loop = loop;
    this.#number = number;
  }

  prepare(view: FlowView): boolean | undefined {
    const value = this.#number(view);
    if (typeof value !== 'number') return false;
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
