import type { FactDefinition, FlowView } from './fact.ts';

/** What was seen of one fact in the last two ticks, by row; a node fact has one row. */
class Change {
  readonly fact: FactDefinition;
  readonly #isNode: boolean;
  #previous = new Float64Array(0);
  #firstSeenMs = new Float64Array(0);
  #perSecond = new Float64Array(0);
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(fact: FactDefinition) {
    this.fact = fact;
    this.#isNode = fact.scope === 'node';
  }

  update(view: FlowView): void {
    const { table, context } = view;
    const seconds = (context.nowMs - this.#atMs) / 1000;
    // The same tick again has nothing new to say.
    if (seconds <= 0) return;
    this.#atMs = context.nowMs;
    this.#fit(this.#isNode ? 1 : table.highWater);
    if (this.#isNode) {
      this.#look(view, 0, 0, seconds);
      return;
    }
    for (let i = 0; i < table.count; i++) {
      view.row = table.rows[i];
      this.#look(view, view.row, table.traffic.firstSeenMs[view.row], seconds);
    }
  }

  at(row: number): number | undefined {
    const change = this.#perSecond[this.#isNode ? 0 : row];
    return change === undefined || Number.isNaN(change) ? undefined : change;
  }

  /** `firstSeenMs`: a row is given to another flow later, which has no past. */
  #look(view: FlowView, place: number, firstSeenMs: number, seconds: number): void {
    const value = this.fact.read(view, {});
    const known = typeof value === 'number' ? value : Number.NaN;
    const before = this.#firstSeenMs[place] === firstSeenMs ? this.#previous[place] : Number.NaN;
    this.#perSecond[place] = (known - before) / seconds;
    this.#previous[place] = known;
    this.#firstSeenMs[place] = firstSeenMs;
  }

  #fit(rows: number): void {
    if (this.#previous.length >= rows) return;
    const length = rows === 1 ? 1 : Math.max(256, rows * 2);
    const grown = (old: Float64Array) => {
      const next = new Float64Array(length).fill(Number.NaN);
      next.set(old);
      return next;
    };
    this.#previous = grown(this.#previous);
    this.#firstSeenMs = grown(this.#firstSeenMs);
    this.#perSecond = grown(this.#perSecond);
  }
}

/** How fast facts change, from tick to tick: those alone that rules ask for. */
export class RatesOfChange {
  readonly #changes: ReadonlyMap<string, Change>;

  constructor(facts: readonly FactDefinition[]) {
    this.#changes = new Map(facts.map((fact) => [fact.name, new Change(fact)]));
  }

  /** Takes one tick into account; moves the view. */
  update(view: FlowView): void {
    for (const change of this.#changes.values()) change.update(view);
  }

  /** Change per second of the fact for the row; undefined: not known. */
  of(fact: string, row: number): number | undefined {
    return this.#changes.get(fact)?.at(row);
  }
}
