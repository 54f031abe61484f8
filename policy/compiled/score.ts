import { type FollowedFact, followedNumber, type ScoreSource } from '../model/amount.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import type { NumberColumn } from './number-column.ts';
import { factSide } from './side.ts';
import type { TickColumns } from './tick-columns.ts';

/** What flows are worth, for many at a time. */
export interface RowScore {
  /** Takes up the tick that `view` looks at. */
  begin(view: FlowView): void;
  /** Writes the scores of `rows[from .. to)` into `into`, at the rows' places. */
  write(rows: Int32Array, from: number, to: number, into: Float64Array): void;
}

/** The score of a rule, over rows. */
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
    ? new FollowedScore(source, factNamed)
    : new ColumnScore(source, column);
}

class FixedScore implements RowScore {
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  begin(): void {
    // The same in every tick.
  }

  write(rows: Int32Array, from: number, to: number, into: Float64Array): void {
    for (let i = from; i < to; i++) into[rows[i]] = this.#value;
  }
}

/** `fact * times + plus` within bounds, of a column; 0 where it is missing. */
class ColumnScore implements RowScore {
  readonly #column: NumberColumn;
  readonly #times: number;
  readonly #plus: number;
  readonly #low: number;
  readonly #high: number;

  constructor(source: FollowedFact, column: NumberColumn) {
    this.#column = column;
    this.#times = source.times ?? 1;
    this.#plus = source.plus ?? 0;
    this.#low = source.atLeast ?? Number.NEGATIVE_INFINITY;
    this.#high = source.atMost ?? Number.POSITIVE_INFINITY;
  }

  begin(view: FlowView): void {
    this.#column.begin(view);
  }

  write(rows: Int32Array, from: number, to: number, into: Float64Array): void {
    const values = this.#column.values(rows, from, to);
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const value = values[row] * this.#times + this.#plus;
      into[row] = Math.max(0, this.#low, Math.min(this.#high, value)) || 0;
    }
  }
}

/** The same of a fact that is read flow by flow. */
class FollowedScore implements RowScore {
  readonly #source: FollowedFact;
  readonly #factNamed: FactLookup;
  #view: FlowView | undefined;

  constructor(source: FollowedFact, factNamed: FactLookup) {
    this.#source = source;
    this.#factNamed = factNamed;
  }

  begin(view: FlowView): void {
    this.#view = view;
  }

  write(rows: Int32Array, from: number, to: number, into: Float64Array): void {
    const view = this.#view;
    if (view === undefined) return;
    for (let i = from; i < to; i++) {
      view.row = rows[i];
      into[rows[i]] = Math.max(0, followedNumber(this.#source, view, this.#factNamed) ?? 0);
    }
  }
}
