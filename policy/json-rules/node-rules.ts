import type { Engine } from 'json-rules-engine';
import { linearValue } from '../model/linear-function.ts';
import type { FlowView } from '../model/fact.ts';
import type { FactValue } from '../model/fact-value.ts';
import { type NodeRule, type PolicySet } from '../model/policy-set.ts';
import { factLookup } from '../facts/fact-lookup.ts';
import { engineRoot, newRulesEngine } from './rules-engine.ts';

/**
 * Evaluates node rules in json-rules-engine once per tick. During the evaluation, the facts that
 * they set have their values of the previous tick. So the order of rules does not matter, and a
 * rule can read the fact that it sets (for hysteresis).
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

  /** Value of the fact `policy/fact`; undefined means missing. */
  valueOf(fact: string): FactValue {
    return this.#values.get(fact);
  }

  /** Evaluates the rules for the view's node. Calls must not overlap. */
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
      : linearValue(value, view, factLookup(this.#policies));
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
