import type { ConditionTrace, Extent } from '../../engine/ports/rule-evaluator.ts';
import {
  type Comparison,
  type Condition,
  factLabel,
  type FactReference,
  isFactReference,
  type RootCondition,
} from '../model/condition.ts';
import { describeKnown } from '../model/describe-known.ts';
import {
  maxExtent,
  minExtent,
  type Needed,
  negated,
  oppositeOf,
  suffices,
} from '../model/extent.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import { memberOf } from '../model/linear-function.ts';
import { knownResult, knownValue } from '../model/known-value.ts';
import { UNKNOWN } from '../model/possible.ts';
import { comparisonsOf } from '../model/uses.ts';
import { comparing } from '../operators/compare.ts';
import { decoratedOperator } from '../operators/decorators.ts';

/**
 * How a rule is evaluated: for the packets of a flow, or, for a node rule, on the values of the
 * node, where a value that is not known makes a comparison false.
 */
export type Evaluation = Needed | 'node';

/** Conditions to trace. */
export interface TracedRule {
  readonly conditions: RootCondition;
  readonly needed: Evaluation;
}

/**
 * Traces each rule's conditions for the view's flow, with the values that they compared, in the
 * order of `rules`. Every condition is evaluated. Facts that need no query are read before the
 * first query is awaited, because meanwhile the row of a live table can be given to another flow.
 */
export async function traceRules(
  view: FlowView,
  rules: readonly TracedRule[],
  factNamed: FactLookup,
): Promise<readonly ConditionTrace[]> {
  const values = new Map<Comparison, Promise<Operands> | Operands>();
  for (const { conditions, needed } of rules) {
    for (const comparison of comparisonsOf(conditions)) {
      values.set(comparison, operandsOf(comparison, needed, view, factNamed));
    }
  }
  const known = new Map<Comparison, Operands>();
  for (const [comparison, operands] of values) known.set(comparison, await operands);
  return rules.map(({ conditions, needed }) => traceOf(conditions, needed, known));
}

/** The two sides of a comparison. */
interface Operands {
  readonly fact: unknown;
  readonly value: unknown;
}

function operandsOf(
  comparison: Comparison,
  needed: Evaluation,
  view: FlowView,
  factNamed: FactLookup,
): Promise<Operands> | Operands {
  const fact = read(comparison, needed, view, factNamed);
  const value = isFactReference(comparison.value)
    ? read(comparison.value, needed, view, factNamed)
    : comparison.value;
  if (!(fact instanceof Promise) && !(value instanceof Promise)) return { fact, value };
  return Promise.all([fact, value]).then(([f, v]) => ({ fact: f, value: v }));
}

function read(
  { fact: name, params = {}, path }: FactReference,
  needed: Evaluation,
  view: FlowView,
  factNamed: FactLookup,
): unknown {
  const fact = factNamed(name);
  if (fact === undefined) return undefined;
  if (fact.query === undefined) {
    return needed === 'node'
      ? memberOf(fact.read(view, params), path)
      : knownValue(fact, view, params, path);
  }
  return fact.query(view, params).then(
    (result) => knownResult(fact, result, path),
    () => UNKNOWN,
  );
}

function traceOf(
  condition: Condition,
  needed: Evaluation,
  values: ReadonlyMap<Comparison, Operands>,
): ConditionTrace {
  const verdict = (extent: Extent) => suffices(extent, needed === 'node' ? 'all' : needed);
  if ('operator' in condition) {
    const { fact, value } = values.get(condition) ?? { fact: undefined, value: undefined };
    const operator = decoratedOperator(condition.operator);
    const extent = operator === undefined ? 'none' : comparing(operator)(fact, value);
    const actual = describeKnown(needed === 'node' && fact === undefined ? UNKNOWN : fact);
    return {
      kind: 'compare',
      verdict: verdict(extent),
      extent,
      fact: factLabel(condition),
      operator: condition.operator,
      expected: describeKnown(value).value,
      actual: actual.value,
      state: actual.state,
    };
  }
  if ('not' in condition) {
    const opposite = needed === 'node' ? 'node' : oppositeOf(needed);
    const of = [traceOf(condition.not, opposite, values)];
    const extent = negated(of[0].extent);
    return { kind: 'not', verdict: verdict(extent), extent, of };
  }
  const kind = 'all' in condition ? 'all' : 'any';
  const children = 'all' in condition ? condition.all : condition.any;
  const of = children.map((child) => traceOf(child, needed, values));
  const extents = of.map((child) => child.extent);
  const extent = kind === 'all' ? minExtent(extents) : maxExtent(extents);
  return { kind, verdict: verdict(extent), extent, of };
}
