import type { Engine, TopLevelCondition } from 'json-rules-engine';
import type { RootCondition } from '../../../policy/model/condition.ts';
import { type Needed, neededFor } from '../../../policy/model/extent.ts';
import type { FactLookup, FlowView } from '../../../policy/model/fact.ts';
import type { PolicyRule } from '../../../policy/model/policy-set.ts';
import { FlowEngine } from '../../../policy/json-rules/flow-engine.ts';
import type { EngineCondition } from '../../../policy/json-rules/rules-engine.ts';

/**
 * Finds the first rule in a list that holds for the flow of `view`, among the enforced rules and among
 * all.
 *
 * Three things make json-rules-engine two to three times as fast as with all rules and all facts
 * given to each run (docs/decisions/005 has the numbers): facts are read on demand; each rule has a
 * distinct priority, so that the engine stops at the first that holds; and a rule's tail is a separate
 * condition that the rule refers to, because the engine clones a rule's conditions for each run, but
 * a referenced one only when it evaluates it.
 */
export class FirstMatch {
  /** Index of the first enforced rule that holds, or -1. */
  enforced = -1;
  /** Index of the first rule that holds, of a shadow policy or not, or -1. */
  first = -1;
  readonly #engine: Engine;

  static async of(
    view: FlowView,
    rules: readonly PolicyRule[],
    factNamed: FactLookup,
  ): Promise<FirstMatch> {
    return new FirstMatch(await FlowEngine.create(view, factNamed), rules);
  }

  private constructor(flowEngine: FlowEngine, rules: readonly PolicyRule[]) {
    const { engine } = flowEngine;
    rules.forEach(({ conditions, requested }, i) => {
      engine.addRule({
        conditions: headAndTail(flowEngine, conditions, neededFor(requested), String(i)),
        event: { type: String(i) },
        priority: rules.length - i,
      });
    });
    engine.on('success', (event) => {
      const index = Number(event.type);
      if (this.first < 0) this.first = index;
      if (rules[index].mode === 'shadow') return;
      this.enforced = index;
      engine.stop();
    });
    this.#engine = engine;
  }

  /**
   * Looks, and sets `enforced` and `first`. One call at a time: json-rules-engine drops rules when
   * two runs of an engine overlap.
   */
  async find(): Promise<void> {
    this.enforced = -1;
    this.first = -1;
    await this.#engine.run();
  }
}

/** Splits `all` and `any` so that all but their first condition is only cloned when needed. */
function headAndTail(
  flowEngine: FlowEngine,
  root: RootCondition,
  needed: Needed,
  name: string,
): TopLevelCondition {
  const word = 'all' in root ? 'all' : 'any';
  const children = 'all' in root ? root.all : 'any' in root ? root.any : [];
  if (children.length < 2 || children.some((c) => c.priority !== undefined)) {
    return flowEngine.root(root, needed);
  }
  const [first, ...rest] = children;
  const tail = word === 'all' ? { all: rest } : { any: rest };
  flowEngine.engine.setCondition(name, headAndTail(flowEngine, tail, needed, `${name}+`));
  const split: EngineCondition[] = [
    { ...flowEngine.condition(first, needed), priority: 2 },
    { condition: name, priority: 1 },
  ];
  return word === 'all' ? { all: split } : { any: split };
}
