import type { Float64Column } from '../../engine/model/row-columns.ts';
import type { SideTable } from '../../engine/model/side-table.ts';
import type { FactDefinition, FlowView } from '../model/fact.ts';

/** Change of a node fact between the last two ticks. */
class NodeChange {
  readonly #fact: FactDefinition;
  #previous = Number.NaN;
  #perSecond = Number.NaN;

  constructor(fact: FactDefinition) {
    this.#fact = fact;
  }

  update(view: FlowView, seconds: number): void {
    const value = numberOf(this.#fact, view);
    this.#perSecond = (value - this.#previous) / seconds;
    this.#previous = value;
  }

  at(): number {
    return this.#perSecond;
  }
}

/** Change of a flow fact between the last two ticks, by row. */
class FlowChange {
  readonly #fact: FactDefinition;
  readonly #read: Float64Column;
  /** NaN for a new flow. */
  readonly #previous: Float64Column;
  readonly #perSecond: Float64Column;

  constructor(fact: FactDefinition, byFlow: SideTable) {
    this.#fact = fact;
    this.#read = byFlow.float64();
    this.#previous = byFlow.float64(Number.NaN);
    this.#perSecond = byFlow.float64(Number.NaN);
  }

  update(view: FlowView, seconds: number): void {
    const { rows, count } = view.table;
    const values = this.#valuesOf(view);
    const previous = this.#previous.values;
    const perSecond = this.#perSecond.values;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      perSecond[row] = (values[row] - previous[row]) / seconds;
      previous[row] = values[row];
    }
  }

  at(row: number): number {
    const { values } = this.#perSecond;
    return row < values.length ? values[row] : Number.NaN;
  }

  /** Values of the fact, by row. */
  #valuesOf(view: FlowView): Float64Array {
    const { table } = view;
    const { column } = this.#fact;
    if (column?.kind === 'column') return column.of(table);
    const read = this.#read.values;
    if (column?.kind === 'derived') {
      column.fill(view, table.rows, 0, table.count, read, {});
      return read;
    }
    for (let i = 0; i < table.count; i++) {
      view.row = table.rows[i];
      read[view.row] = numberOf(this.#fact, view);
    }
    return read;
  }
}

function numberOf(fact: FactDefinition, view: FlowView): number {
  const value = fact.read(view, {});
  return typeof value === 'number' ? value : Number.NaN;
}

/** Rates of change of the facts that rules use. */
export class RatesOfChange {
  readonly #changes: ReadonlyMap<string, NodeChange | FlowChange>;
  #atMs = Number.NEGATIVE_INFINITY;

  /** `byFlow`: a side table with the lifetime `flow`, which follows the flow table. */
  constructor(facts: readonly FactDefinition[], byFlow: SideTable) {
    this.#changes = new Map(
      facts.map((fact) => [
        fact.name,
        fact.scope === 'node' ? new NodeChange(fact) : new FlowChange(fact, byFlow),
      ]),
    );
  }

  /** Updates the rates for a tick; moves the view. */
  update(view: FlowView): void {
    const { nowMs } = view.context;
    const seconds = (nowMs - this.#atMs) / 1000;
    // A repeated tick has no change.
    if (seconds <= 0) return;
    this.#atMs = nowMs;
    for (const change of this.#changes.values()) change.update(view, seconds);
  }

  /** Change of the fact for the row, per second; undefined if unknown. */
  of(fact: string, row: number): number | undefined {
    const change = this.#changes.get(fact)?.at(row) ?? Number.NaN;
    return Number.isNaN(change) ? undefined : change;
  }
}
