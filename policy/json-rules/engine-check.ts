import type { Engine } from 'json-rules-engine';
import type { YieldToEventLoop } from '../../async/yield-to-event-loop.ts';
import type { Condition, RootCondition } from '../model/condition.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import { engineRoot, newRulesEngine } from './rules-engine.ts';
import { referencesOf } from '../model/uses.ts';

/**
 * Whether a rule's conditions look at a fact that has to be asked for: then they are not compiled
 * but evaluated by json-rules-engine, for the flows for which the rest of them may hold.
 */
export function mustAsk(conditions: Condition, factNamed: FactLookup): boolean {
  return referencesOf(conditions).some(({ fact }) => factNamed(fact)?.ask !== undefined);
}

/**
 * What is left of a condition when answers are not waited for: it holds wherever the condition
 * may hold.
 *
 * @param hopeful what a comparison with an answer is taken for: true, below a "not" false
 */
export function mayHold(condition: Condition, factNamed: FactLookup, hopeful = true): Condition {
  const same = (child: Condition) => mayHold(child, factNamed, hopeful);
  if ('all' in condition) return { all: condition.all.map(same) };
  if ('any' in condition) return { any: condition.any.map(same) };
  if ('not' in condition) return { not: mayHold(condition.not, factNamed, !hopeful) };
  if (!mustAsk(condition, factNamed)) return condition;
  return hopeful ? { all: [] } : { any: [] };
}

/** Asks json-rules-engine whether a rule's conditions hold, flow by flow. */
export class EngineCheck {
  readonly #conditions: RootCondition;
  readonly #factNamed: FactLookup;
  #prepared: { readonly engine: Engine; readonly view: FlowView } | undefined;

  constructor(conditions: RootCondition, factNamed: FactLookup) {
    this.#conditions = conditions;
    this.#factNamed = factNamed;
  }

  /** Moves those of `rows[from .. to)` for which they hold to the front; resolves to their end. */
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
      const engine = await newRulesEngine(view, [this.#conditions], this.#factNamed);
      const conditions = engineRoot(this.#conditions, true);
      engine.addRule({ conditions, event: { type: 'holds' } });
      this.#prepared = { engine, view };
    }
    return this.#prepared.engine;
  }
}
