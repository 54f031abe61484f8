import { type LinearFunction, linearValue, type ScoreSource } from '../model/linear-function.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import type { NumberColumn } from './number-column.ts';
import { factSide } from './side.ts';
import type { TickColumns } from './tick-columns.ts';

/** Scores of many flows at a time. */
export interface RowScore {
  /** Prepares for the view's tick. */
  prepare(view: FlowView): void;
  /** Writes the score of each of `rows[from .. to)` to `into[row]`. */
  write(rows: Int32Array, from: number, to: number, into: Float64Array): void;
}

/** Compiles the score of a rule. */
export function compileScore(
  source: ScoreSource,
  factNamed: FactLookup,
  columns: TickColumns,
): RowScore {
  if (source.kind === 'number') return new FixedScore(source.value);
  const side = factSide(source, factNamed);
  if (side === undefined || side.source.kind === 'constant') return new FixedScore(0);
  const column = source.path === undefined ? columns.numbers(side) : undefined;
  return column === undefined
    ? new RowwiseScore(source, factNamed)
    : new ColumnScore(source, column);
}

class FixedScore implements RowScore {
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  prepare(): void {
    // Does not depend on the tick.
  }

  write(rows: Int32Array, from: number, to: number, into: Float64Array): void {
    for (let i = from; i < to; i++) into[rows[i]] = this.#value;
  }
}

/** Linear function of a column, within bounds; 0 if the fact is missing or the result not finite. */
class ColumnScore implements RowScore {
  readonly #column: NumberColumn;
  readonly #times: number;
  readonly #plus: number;
  readonly #low: number;
  readonly #high: number;

  constructor(source: LinearFunction, column: NumberColumn) {
    this.#column = column;
    this.#times = source.times ?? 1;
    this.#plus = source.plus ?? 0;
    this.#low = source.atLeast ?? Number.NEGATIVE_INFINITY;
    this.#high = source.atMost ?? Number.POSITIVE_INFINITY;
  }

  prepare(view: FlowView): void {
    this.#column.prepare(view);
  }

  write(rows: Int32Array, from: number, to: number, into: Float64Array): void {
    const values = this.#column.values(rows, from, to);
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const value = values[row] * this.#times + this.#plus;
      const bounded = Math.max(0, this.#low, Math.min(this.#high, value));
      into[row] = bounded < Number.POSITIVE_INFINITY ? bounded : 0;
    }
  }
}

/** Linear function of a fact that is read flow by flow. */
class RowwiseScore implements RowScore {
  readonly #source: LinearFunction;
  readonly #factNamed: FactLookup;
  #view: FlowView | undefined;

  constructor(source: LinearFunction, factNamed: FactLookup) {
    this.#source = source;
    this.#factNamed = factNamed;
  }

  prepare(view: FlowView): void {
    this.#view = view;
  }

  write(rows: Int32Array, from: number, to: number, into: Float64Array): void {
    const view = this.#view;
    if (view === undefined) return;
    for (let i = from; i < to; i++) {
      view.row = rows[i];
      into[rows[i]] = Math.max(0, linearValue(this.#source, view, this.#factNamed) ?? 0);
    }
  }
}
