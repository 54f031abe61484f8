import { linearValue } from '../../policy/model/linear-function.ts';
import type { ConditionTrace } from '../../engine/ports/rule-evaluator.ts';
import type { FactLookup, FlowView } from '../../policy/model/fact.ts';
import type { FactValue } from '../../policy/model/fact-value.ts';
import type { NodeRule, PolicySet } from '../../policy/model/policy-set.ts';
import { traceRules } from '../../policy/trace/trace.ts';

/** Verdict of a node rule, and the value that it sets if it holds. */
export interface NodeRuleView {
  readonly name: string;
  readonly priority: number;
  /** Name of the fact that it sets, `policy/fact`. */
  readonly sets: string;
  readonly value: FactValue;
  readonly verdict: boolean;
  readonly condition: ConditionTrace;
}

/**
 * Evaluates node rules on the node of `view`, as in a first tick: facts of policies have their
 * initial values. Facts for which `isGiven` holds keep their values.
 *
 * @returns the verdicts, and a lookup that includes the facts that the rules set
 */
export async function explainNode(
  policies: PolicySet,
  view: FlowView,
  factNamed: FactLookup,
  isGiven: (fact: string) => boolean,
): Promise<{ readonly rules: readonly NodeRuleView[]; readonly factNamed: FactLookup }> {
  const own = policies.facts.filter((fact) => !isGiven(fact.name));
  const initial = withValues(factNamed, new Map(own.map((fact) => [fact.name, fact.initial])));
  const { nodeRules } = policies;
  const traced = nodeRules.map(({ conditions }) => ({ conditions, needed: 'node' as const }));
  const traces = await traceRules(view, traced, initial);
  const rules = nodeRules.map((rule, i) => ({
    name: rule.name,
    priority: rule.priority,
    sets: rule.sets,
    value: valueOf(rule, view, initial),
    verdict: traces[i].verdict,
    condition: traces[i],
  }));
  const set = own.map(({ name, initial: first }): [string, FactValue] => {
    const deciding = rules.find((rule) => rule.verdict && rule.sets === name);
    return [name, deciding === undefined ? first : deciding.value];
  });
  return { rules, factNamed: withValues(factNamed, new Map(set)) };
}

function valueOf({ value }: NodeRule, view: FlowView, factNamed: FactLookup): FactValue {
  return value.kind === 'value' ? value.value : linearValue(value, view, factNamed);
}

function withValues(factNamed: FactLookup, values: ReadonlyMap<string, FactValue>): FactLookup {
  return (name) => {
    const fact = factNamed(name);
    return fact === undefined || !values.has(name)
      ? fact
      : { ...fact, read: () => values.get(name) };
  };
}
