import type { Engine, TopLevelCondition } from 'json-rules-engine';
import { memberOf } from '../model/linear-function.ts';
import type { Condition, RootCondition } from '../model/condition.ts';
import { DECORATORS, decorateHolds } from '../operators/decorators.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import { OPERATORS } from '../operators/operators.ts';
import { factsOf } from '../model/uses.ts';

/** json-rules-engine's type of a condition below the root. */
export type EngineCondition = Extract<TopLevelCondition, { all: unknown }>['all'][number];

/** Loads json-rules-engine on first use, because flow rules are compiled. */
export async function loadRulesEngine(): Promise<typeof Engine> {
  return (await import('json-rules-engine')).Engine;
}

/**
 * A json-rules-engine for node rules, with our operators and the facts that `conditions` use, read
 * through `view`. Facts are not cached: reading a column or field is several times faster than the cache's
 * hash of the fact's name and parameters.
 */
export async function newRulesEngine(
  view: FlowView,
  conditions: readonly RootCondition[],
  factNamed: FactLookup,
): Promise<Engine> {
  const RulesEngine = await loadRulesEngine();
  const engine = new RulesEngine([], { pathResolver: resolveMember });
  for (const { name, holds, remembering } of OPERATORS) {
    engine.addOperator(name, remembering?.() ?? holds);
  }
  for (const decorator of DECORATORS) {
    engine.addOperatorDecorator(decorator.name, decorateHolds(decorator));
  }
  for (const name of new Set(conditions.flatMap(factsOf))) {
    const fact = factNamed(name);
    if (fact === undefined) continue;
    engine.addFact(name, (params) => fact.read(view, params), { cache: false });
  }
  return engine;
}

/** A root condition for json-rules-engine; see {@link engineCondition}. */
export function engineRoot(condition: RootCondition, priorities: boolean): TopLevelCondition {
  const priority = priorities && condition.priority ? { priority: condition.priority } : {};
  const child = (c: Condition) => engineCondition(c, priorities);
  if ('all' in condition) return { all: condition.all.map(child), ...priority };
  if ('any' in condition) return { any: condition.any.map(child), ...priority };
  return { not: child(condition.not), ...priority };
}

/**
 * A copy for json-rules-engine, which modifies its input. It clones conditions for every flow, so
 * names are omitted.
 *
 * @param priorities whether to keep the author's priorities; without them, every condition is
 * evaluated
 */
function engineCondition(condition: Condition, priorities: boolean): EngineCondition {
  if (!('operator' in condition)) return engineRoot(condition, priorities);
  const { fact, operator, value, params, path, priority } = condition;
  return {
    fact,
    operator,
    value,
    ...(params === undefined ? {} : { params: { ...params } }),
    ...(path === undefined ? {} : { path }),
    ...(priority === undefined || !priorities ? {} : { priority }),
  };
}

function resolveMember(value: object, path: string): unknown {
  return memberOf({ ...value }, path);
}
