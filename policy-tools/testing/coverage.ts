import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { Comparison, Condition } from '../../policy/model/condition.ts';
import type {
  ConditionTrace,
  EvaluationReport,
  RuleContext,
  RuleEvaluator,
} from '../../engine/ports/rule-evaluator.ts';
import { FlowView } from '../../policy/model/fact.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import type { PolicyRule } from '../../policy/model/policy-set.ts';
import type { NodeRule } from '../../policy/model/policy-set.ts';
import { PolicyMemory } from '../../policy/state/policy-memory.ts';
import { traceRules } from '../../policy/trace/trace.ts';

/** Coverage of one condition. */
export interface ConditionCoverage {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `policy/rule`. */
  readonly rule: string;
  readonly condition: string;
  readonly seenTrue: boolean;
  readonly seenFalse: boolean;
}

type AnyRule = PolicyRule | NodeRule;

/** Maximum of flows traced per evaluation, which bounds the time of tests with many flows. */
const MAX_FLOWS = 32;

/** Records over all tests which conditions were true and which were false. */
export class Coverage {
  /** By position, so that a shared condition is one condition for all its uses. */
  readonly #seen = new Map<
    string,
    { -readonly [K in keyof ConditionCoverage]: ConditionCoverage[K] }
  >();

  /** Adds all comparisons of the rules as not covered, except those already added. */
  add(policies: PolicySet): void {
    for (const rule of [...policies.rules, ...policies.nodeRules]) {
      const { file } = policies.policies.find((p) => p.name === rule.policy) ?? { file: '' };
      for (const c of comparisonsOf(rule.conditions)) {
        const { line, column } = c.at ?? rule.at;
        const key = keyOf(file, rule, c);
        if (this.#seen.has(key)) continue;
        const condition = labelOf(c);
        const seen = { file, line, column, rule: rule.name, condition };
        this.#seen.set(key, { ...seen, seenTrue: false, seenFalse: false });
      }
    }
  }

  /** Records the verdicts of `rules`. */
  record(policies: PolicySet, rules: readonly AnyRule[], traces: readonly ConditionTrace[]): void {
    traces.forEach((trace, i) => {
      const rule = rules[i];
      const { file } = policies.policies.find((p) => p.name === rule.policy) ?? { file: '' };
      this.#record(file, rule, rule.conditions, trace);
    });
  }

  /** Coverage of all comparisons, by file and line. */
  report(): readonly ConditionCoverage[] {
    return [...this.#seen.values()].toSorted(
      (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column,
    );
  }

  #record(file: string, rule: AnyRule, condition: Condition, trace: ConditionTrace): void {
    if ('operator' in condition) {
      const seen = this.#seen.get(keyOf(file, rule, condition));
      if (seen === undefined) return;
      if (trace.verdict) seen.seenTrue = true;
      else seen.seenFalse = true;
      return;
    }
    childrenOf(condition).forEach((child, i) => {
      const inner = trace.kind === 'compare' ? undefined : trace.of.at(i);
      if (inner !== undefined) this.#record(file, rule, child, inner);
    });
  }
}

/** Wraps an evaluator so that `coverage` records its verdicts; disposing the wrapper disposes it. */
export function withCoverage(
  evaluator: RuleEvaluator,
  policies: PolicySet,
  coverage: Coverage,
): RuleEvaluator {
  coverage.add(policies);
  const { rules, nodeRules } = policies;
  // Evaluators do not explain node rules, so these are traced with a separate PolicyMemory.
  const memory = new PolicyMemory(policies);
  const recordNodeRules = async (table: FlowTable, context: RuleContext): Promise<void> => {
    if (nodeRules.length === 0) return;
    await memory.update(table, context);
    const traced = nodeRules.map(({ conditions }) => ({ conditions, needed: 'node' as const }));
    const view = new FlowView(table, context, memory);
    coverage.record(policies, nodeRules, await traceRules(view, traced, memory.factNamed));
  };
  return {
    rules: evaluator.rules,
    [Symbol.dispose]: () => {
      memory[Symbol.dispose]();
      evaluator[Symbol.dispose]();
    },
    inputs: (table, row, context) => evaluator.inputs(table, row, context),
    explain: (table, row, context) => evaluator.explain(table, row, context),
    evaluate: async (
      table: FlowTable,
      context: RuleContext,
      signal: AbortSignal,
    ): Promise<EvaluationReport> => {
      const report = await evaluator.evaluate(table, context, signal);
      const step = Math.max(1, Math.ceil(table.count / MAX_FLOWS));
      for (let i = 0; i < table.count; i += step) {
        const traces = await evaluator.explain(table, table.rows[i], context);
        coverage.record(
          policies,
          rules,
          traces.map((trace) => trace.condition),
        );
      }
      await recordNodeRules(table, context);
      return report;
    },
  };
}

function childrenOf(condition: Condition): readonly Condition[] {
  if ('all' in condition) return condition.all;
  if ('any' in condition) return condition.any;
  return 'not' in condition ? [condition.not] : [];
}

function comparisonsOf(condition: Condition): readonly Comparison[] {
  return 'operator' in condition ? [condition] : childrenOf(condition).flatMap(comparisonsOf);
}

/** A condition is identified by its position in its file. */
function keyOf(file: string, rule: AnyRule, comparison: Comparison): string {
  const { line, column } = comparison.at ?? rule.at;
  return `${file}:${line}:${column}: ${labelOf(comparison)}`;
}

function labelOf({ fact, operator, value }: Comparison): string {
  return `${fact} ${operator} ${JSON.stringify(value)}`;
}
