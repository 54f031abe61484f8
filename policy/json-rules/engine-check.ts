import type { Engine } from 'json-rules-engine';
import type { YieldToEventLoop } from '../../async/yield-to-event-loop.ts';
import type { Condition, RootCondition } from '../model/condition.ts';
import type { Needed } from '../model/extent.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import { FlowEngine } from './flow-engine.ts';
import { referencesOf } from '../model/uses.ts';

/**
 * True if a rule's conditions use a fact that must be queried asynchronously. json-rules-engine
 * evaluates such a rule, for the flows for which its other conditions can hold.
 */
export function needsQuery(conditions: Condition, factNamed: FactLookup): boolean {
  return referencesOf(conditions).some(({ fact }) => factNamed(fact)?.query !== undefined);
}

/**
 * A condition without queries that holds whenever the given condition can hold.
 *
 * @param assumed assumed verdict of comparisons that need a query: true, inside "not" false
 */
export function mayHold(condition: Condition, factNamed: FactLookup, assumed = true): Condition {
  const same = (child: Condition) => mayHold(child, factNamed, assumed);
  if ('all' in condition) return { all: condition.all.map(same) };
  if ('any' in condition) return { any: condition.any.map(same) };
  if ('not' in condition) return { not: mayHold(condition.not, factNamed, !assumed) };
  if (!needsQuery(condition, factNamed)) return condition;
  return assumed ? { all: [] } : { any: [] };
}

/** Evaluates a rule's conditions in json-rules-engine, flow by flow. */
export class EngineCheck {
  readonly #conditions: RootCondition;
  readonly #needed: Needed;
  readonly #factNamed: FactLookup;
  #prepared: { readonly engine: Engine; readonly view: FlowView } | undefined;

  constructor(conditions: RootCondition, needed: Needed, factNamed: FactLookup) {
    this.#conditions = conditions;
    this.#needed = needed;
    this.#factNamed = factNamed;
  }

  /** Moves the rows of `rows[from .. to)` that match to the front; resolves to their end. */
  async split(
    view: FlowView,
    rows: Int32Array,
    from: number,
    to: number,
    yieldToEventLoop: YieldToEventLoop,
  ): Promise<number> {
    const engine = await this.#engineFor(view);
    let end = from;
    for (let i = from; i < to; i++) {
      await yieldToEventLoop();
      const row = rows[i];
      view.row = row;
      const { results } = await engine.run();
      if (results.length === 0) continue;
      rows[i] = rows[end];
      rows[end++] = row;
    }
    return end;
  }

  async #engineFor(view: FlowView): Promise<Engine> {
    if (this.#prepared?.view !== view) {
      const flowEngine = await FlowEngine.create(view, this.#factNamed);
      const { engine } = flowEngine;
      const conditions = flowEngine.root(this.#conditions, this.#needed);
      engine.addRule({ conditions, event: { type: 'holds' } });
      this.#prepared = { engine, view };
    }
    return this.#prepared.engine;
  }
}
