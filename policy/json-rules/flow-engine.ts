import type { Engine, TopLevelCondition } from 'json-rules-engine';
import {
  type Comparison,
  type Condition,
  type FactReference,
  isFactReference,
  type RootCondition,
} from '../model/condition.ts';
import { type Needed, oppositeOf, suffices } from '../model/extent.ts';
import type { FactDefinition, FactLookup, FlowView } from '../model/fact.ts';
import { knownResult, knownValue } from '../model/known-value.ts';
import { UNKNOWN } from '../model/possible.ts';
import { comparing } from '../operators/compare.ts';
import { decoratedOperator } from '../operators/decorators.ts';
import { type EngineCondition, loadRulesEngine } from './rules-engine.ts';

/**
 * A json-rules-engine for flow rules. It knows two verdicts, and a condition on a flow's packets
 * has three: so each operator is registered twice, once for what may hold and once for what holds
 * for all packets, and conditions name the one that they need. Facts return what is known about a
 * value, each reference under a name of its own.
 */
export class FlowEngine {
  readonly engine: Engine;
  readonly #view: FlowView;
  readonly #factNamed: FactLookup;
  readonly #registered = new Set<string>();

  static async create(view: FlowView, factNamed: FactLookup): Promise<FlowEngine> {
    const RulesEngine = await loadRulesEngine();
    return new FlowEngine(new RulesEngine([]), view, factNamed);
  }

  private constructor(engine: Engine, view: FlowView, factNamed: FactLookup) {
    this.engine = engine;
    this.#view = view;
    this.#factNamed = factNamed;
  }

  /** A root condition for the engine. */
  root(condition: RootCondition, needed: Needed): TopLevelCondition {
    const priority = condition.priority ? { priority: condition.priority } : {};
    const child = (c: Condition) => this.condition(c, needed);
    if ('all' in condition) return { all: condition.all.map(child), ...priority };
    if ('any' in condition) return { any: condition.any.map(child), ...priority };
    return { not: this.condition(condition.not, oppositeOf(needed)), ...priority };
  }

  /** A condition below the root for the engine. */
  condition(condition: Condition, needed: Needed): EngineCondition {
    if (!('operator' in condition)) return this.root(condition, needed);
    const { value, priority } = condition;
    return {
      fact: this.#fact(condition),
      operator: this.#operator(condition, needed),
      value: isFactReference(value) ? { fact: this.#fact(value) } : value,
      ...(priority === undefined ? {} : { priority }),
    };
  }

  #operator({ operator: name }: Comparison, needed: Needed): string {
    // The engine takes words before a colon as decorators.
    const id = `${needed} ${name.replaceAll(':', ' ')}`;
    if (this.#isNew(id)) {
      const operator = decoratedOperator(name);
      if (operator === undefined) throw new RangeError(`no operator ${name}`);
      const compare = comparing(operator);
      this.engine.addOperator(id, (fact: unknown, value: unknown) =>
        suffices(compare(fact, value), needed),
      );
    }
    return id;
  }

  #fact(reference: FactReference): string {
    const { fact: name, params = {}, path } = reference;
    const id = JSON.stringify([name, params, path ?? null]);
    if (this.#isNew(id)) {
      const fact = this.#factNamed(name);
      if (fact === undefined) throw new RangeError(`no fact ${name}`);
      this.engine.addFact(id, () => valueOf(fact, this.#view, reference), { cache: false });
    }
    return id;
  }

  #isNew(id: string): boolean {
    if (this.#registered.has(id)) return false;
    this.#registered.add(id);
    return true;
  }
}

function valueOf(fact: FactDefinition, view: FlowView, { params = {}, path }: FactReference) {
  if (fact.query === undefined) return knownValue(fact, view, params, path);
  return fact.query(view, params).then(
    (result) => knownResult(fact, result, path),
    () => UNKNOWN,
  );
}
