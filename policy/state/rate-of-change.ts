import type { FactDefinition, FlowView } from '../model/fact.ts';

/** What was seen of a fact of the node in the last two ticks. */
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

/** What was seen of a fact of flows in the last two ticks, by row. */
class FlowChange {
  readonly #fact: FactDefinition;
  #read = new Float64Array(0);
  #previous = new Float64Array(0);
  /** When the flow was first seen that the previous value is of, ms. */
  #firstSeenMs = new Float64Array(0);
  #perSecond = new Float64Array(0);

  constructor(fact: FactDefinition) {
    this.#fact = fact;
  }

  update(view: FlowView, seconds: number): void {
    const { rows, count, highWater, traffic } = view.table;
    this.#fit(highWater);
    const values = this.#valuesOf(view);
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      // A row is given to another flow later, which has no past.
      const same = this.#firstSeenMs[row] === traffic.firstSeenMs[row];
      this.#perSecond[row] = same ? (values[row] - this.#previous[row]) / seconds : Number.NaN;
      this.#previous[row] = values[row];
      this.#firstSeenMs[row] = traffic.firstSeenMs[row];
    }
  }

  at(row: number): number {
    return row < this.#perSecond.length ? this.#perSecond[row] : Number.NaN;
  }

  /** The fact of every live row, at the row's place. */
  #valuesOf(view: FlowView): Float64Array {
    const { table } = view;
    const { column } = this.#fact;
    if (column?.kind === 'column') return column.of(table);
    if (column?.kind === 'derived') {
      column.fill(view, table.rows, 0, table.count, this.#read, {});
      return this.#read;
    }
    for (let i = 0; i < table.count; i++) {
      view.row = table.rows[i];
      this.#read[view.row] = numberOf(this.#fact, view);
    }
    return this.#read;
  }

  #fit(rows: number): void {
    if (this.#previous.length >= rows) return;
    const grown = (old: Float64Array) => {
      const next = new Float64Array(Math.max(256, rows * 2)).fill(Number.NaN);
      next.set(old);
      return next;
    };
    this.#read = grown(this.#read);
    this.#previous = grown(this.#previous);
    this.#firstSeenMs = grown(this.#firstSeenMs);
    this.#perSecond = grown(this.#perSecond);
  }
}

function numberOf(fact: FactDefinition, view: FlowView): number {
  const value = fact.read(view, {});
  return typeof value === 'number' ? value : Number.NaN;
}

/** How fast facts change, from tick to tick: those alone that rules ask for. */
export class RatesOfChange {
  readonly #changes: ReadonlyMap<string, NodeChange | FlowChange>;
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(facts: readonly FactDefinition[]) {
    this.#changes = new Map(
      facts.map((fact) => [
        fact.name,
        fact.scope === 'node' ? new NodeChange(fact) : new FlowChange(fact),
      ]),
    );
  }

  /** Takes one tick into account; moves the view. */
  update(view: FlowView): void {
    const { nowMs } = view.context;
    const seconds = (nowMs - this.#atMs) / 1000;
    // The same tick again has nothing new to say.
    if (seconds <= 0) return;
    this.#atMs = nowMs;
    for (const change of this.#changes.values()) change.update(view, seconds);
  }

  /** Change per second of the fact for the row; undefined: not known. */
  of(fact: string, row: number): number | undefined {
    const change = this.#changes.get(fact)?.at(row) ?? Number.NaN;
    return Number.isNaN(change) ? undefined : change;
  }
}
