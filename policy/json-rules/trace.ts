import type { TopLevelConditionResult } from 'json-rules-engine';
import { type Condition, factLabel, type RootCondition } from '../model/condition.ts';
import type { ConditionTrace } from '../../engine/ports/rule-evaluator.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import { engineRoot, newRulesEngine } from './rules-engine.ts';

type ConditionResult = Extract<TopLevelConditionResult, { all: unknown }>['all'][number];

/**
 * Traces each rule's conditions for the view's flow, with the values that they compared, in the
 * order of `rules`. Priorities are omitted, so that every condition is evaluated.
 *
 * The first call loads json-rules-engine, and meanwhile a row of a live table can be given to
 * another flow: call `loadRulesEngine` before looking up the row.
 */
export async function traceRules(
  view: FlowView,
  rules: readonly RootCondition[],
  factNamed: FactLookup,
): Promise<readonly ConditionTrace[]> {
  const engine = await newRulesEngine(view, rules, factNamed);
  rules.forEach((conditions, i) => {
    engine.addRule({
      name: String(i),
      conditions: engineRoot(conditions, false),
      event: { type: String(i) },
    });
  });
  const { results, failureResults } = await engine.run();
  const traces: ConditionTrace[] = [];
  for (const { name, conditions, result } of [...results, ...failureResults]) {
    const i = Number(name);
    traces[i] = traceOf(rules[i], conditions, result === true);
  }
  return traces;
}

function traceOf(condition: Condition, seen: ConditionResult, verdict: boolean): ConditionTrace {
  if ('all' in condition) {
    return { kind: 'all', verdict, of: each(condition.all, 'all' in seen ? seen.all : []) };
  }
  if ('any' in condition) {
    return { kind: 'any', verdict, of: each(condition.any, 'any' in seen ? seen.any : []) };
  }
  if ('not' in condition) {
    return { kind: 'not', verdict, of: each([condition.not], 'not' in seen ? [seen.not] : []) };
  }
  return {
    kind: 'compare',
    verdict,
    fact: factLabel(condition),
    operator: condition.operator,
    expected: 'valueResult' in seen ? seen.valueResult : undefined,
    actual: 'factResult' in seen ? seen.factResult : undefined,
  };
}

function each(
  conditions: readonly Condition[],
  seen: readonly ConditionResult[],
): readonly ConditionTrace[] {
  return seen.map((result, i) => traceOf(conditions[i], result, result.result === true));
}
