import type { Engine } from 'json-rules-engine';
import { followedNumber } from '../model/amount.ts';
import type { FactValue, FlowView } from '../model/fact.ts';
import { type NodeRule, type PolicySet } from '../model/policy-set.ts';
import { factLookup } from '../facts/fact-lookup.ts';
import { engineRoot, newRulesEngine } from './rules-engine.ts';

/**
 * Evaluates node rules with json-rules-engine, once a tick. While they are evaluated, a fact that
 * they set has the value of the tick before, so that their order does not matter and a rule can
 * ask what it has set (to switch back at another threshold, say).
 */
export class NodeRules {
  readonly #rules: readonly NodeRule[];
  readonly #policies: PolicySet;
  readonly #initial: ReadonlyMap<string, FactValue>;
  #values: ReadonlyMap<string, FactValue>;
  #prepared: { readonly engine: Engine; readonly view: FlowView } | undefined;

  constructor(policies: PolicySet) {
    this.#policies = policies;
    this.#rules = policies.nodeRules;
    this.#initial = new Map(policies.facts.map((fact) => [fact.name, fact.initial]));
    this.#values = this.#initial;
  }

  /** What the fact `policy/fact` is now; undefined: missing. */
  valueOf(fact: string): FactValue {
    return this.#values.get(fact);
  }

  /** Evaluates the rules for the node that `view` looks at; one call at a time. */
  async update(view: FlowView): Promise<void> {
    if (this.#rules.length === 0) return;
    if (this.#prepared?.view !== view) this.#prepared = { engine: await this.#engine(view), view };
    const { results } = await this.#prepared.engine.run();
    const next = new Map(this.#initial);
    const held = new Set(results.map((result) => Number(result.name)));
    const set = new Set<string>();
    this.#rules.forEach((rule, i) => {
      if (!held.has(i) || set.has(rule.sets)) return;
      set.add(rule.sets);
      next.set(rule.sets, this.#valueFor(rule, view));
    });
    this.#values = next;
  }

  #valueFor({ value }: NodeRule, view: FlowView): FactValue {
    return value.kind === 'value'
      ? value.value
      : followedNumber(value, view, factLookup(this.#policies));
  }

  async #engine(view: FlowView): Promise<Engine> {
    const conditions = this.#rules.map((rule) => rule.conditions);
    const engine = await newRulesEngine(view, conditions, factLookup(this.#policies));
    this.#rules.forEach((rule, i) => {
      engine.addRule({
        name: String(i),
        conditions: engineRoot(rule.conditions, true),
        event: { type: 'set-fact' },
        priority: rule.priority,
      });
    });
    return engine;
  }
}
