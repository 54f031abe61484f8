import { timeSlicedYield } from '../../../async/yield-to-event-loop.ts';
import { EvaluationRunning } from '../../../policy/model/evaluation-running.ts';
import type { RequestColumns } from '../../../engine/model/columns.ts';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { Clock } from '../../../engine/ports/clock.ts';
import { linearValue, isWorth } from '../../../policy/model/linear-function.ts';
import type {
  EvaluationReport,
  RuleContext,
  RuleEvaluator,
  RuleInfo,
  RuleTrace,
} from '../../../engine/ports/rule-evaluator.ts';
import { FlowView } from '../../../policy/model/fact.ts';
import { FirstMatch } from './first-match.ts';
import { RuleInputs } from '../../../policy/state/rule-inputs.ts';
import type { FactReading } from '../../../engine/model/fact-reading.ts';
import type { PolicyRule, PolicySet } from '../../../policy/model/policy-set.ts';
import { PolicyMemory } from '../../../policy/state/policy-memory.ts';
import { traceRules } from '../../../policy/trace/trace.ts';
import { neededFor } from '../../../policy/model/extent.ts';

/** Settings of the evaluator. */
export interface JsonRulesOptions {
  readonly clock: Clock;
  /** Yields to timers and I/O after each slice; by default for one turn of the event loop. */
  readonly pause?: () => Promise<void>;
}

/**
 * Evaluates policies with json-rules-engine, at about 10,000 flows/s. The reference for verdicts; the
 * daemon uses the compiled evaluator.
 */
export class JsonRulesEvaluator implements RuleEvaluator {
  readonly rules: readonly RuleInfo[];
  readonly #rules: readonly PolicyRule[];
  readonly #options: JsonRulesOptions;
  readonly #memory: PolicyMemory;
  readonly #inputs: RuleInputs;
  readonly #hasShadows: boolean;
  #prepared: { readonly view: FlowView; readonly firstMatch: FirstMatch } | undefined;
  #running = false;

  constructor(policies: PolicySet, options: JsonRulesOptions) {
    this.#rules = policies.rules;
    this.#memory = new PolicyMemory(policies);
    this.#inputs = new RuleInputs(policies.rules, this.#memory.factNamed);
    this.#hasShadows = policies.rules.some((rule) => rule.mode === 'shadow');
    this.rules = policies.rules.map(({ name, requested, priority, mode }) => ({
      name,
      requested,
      priority,
      mode,
    }));
    this.#options = options;
  }

  /** @throws {EvaluationRunning} when called again before it has resolved */
  async evaluate(
    table: FlowTable,
    context: RuleContext,
    signal: AbortSignal,
  ): Promise<EvaluationReport> {
    if (this.#running) throw new EvaluationRunning();
    signal.throwIfAborted();
    this.#running = true;
    try {
      return await this.#evaluate(table, context, signal);
    } finally {
      this.#running = false;
    }
  }

  inputs(table: FlowTable, row: number, context: RuleContext): readonly FactReading[] {
    const rule = table.decision.rule[row];
    if (rule === 0) return [];
    const view = new FlowView(table, context, this.#memory);
    view.row = row;
    return this.#inputs.read(rule - 1, view);
  }

  async explain(
    table: FlowTable,
    row: number,
    context: RuleContext,
  ): Promise<readonly RuleTrace[]> {
    // A separate engine and view, because an evaluation may be running.
    const view = new FlowView(table, context, this.#memory);
    view.row = row;
    const rules = this.#rules.map(({ conditions, requested }) => ({
      conditions,
      needed: neededFor(requested),
    }));
    const traces = await traceRules(view, rules, this.#memory.factNamed);
    return traces.map((condition, i) => ({
      rule: this.rules[i],
      verdict: condition.verdict,
      condition,
    }));
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }

  async #evaluate(
    table: FlowTable,
    context: RuleContext,
    signal: AbortSignal,
  ): Promise<EvaluationReport> {
    const { clock, pause } = this.#options;
    const startMs = clock.now();
    table.keepShadow(this.#hasShadows);
    await this.#memory.update(table, context);
    const { view, firstMatch } = await this.#lookAt(table, context);
    const now = (): number => clock.now();
    const yieldToEventLoop = timeSlicedYield({ sliceMs: 10, now, pause, signal });
    for (let i = 0; i < table.count; i++) {
      const pausing = yieldToEventLoop();
      if (pausing !== undefined) await pausing;
      view.row = table.rows[i];
      await firstMatch.find();
      this.#write(view, firstMatch);
    }
    const slices = this.#memory.sliceQuotas;
    return { evaluated: table.count, slices, elapsedMs: clock.now() - startMs };
  }

  async #lookAt(table: FlowTable, context: RuleContext) {
    if (this.#prepared === undefined) {
      const view = new FlowView(table, context, this.#memory);
      const firstMatch = await FirstMatch.of(view, this.#rules, this.#memory.factNamed);
      this.#prepared = { view, firstMatch };
    }
    this.#prepared.view.table = table;
    this.#prepared.view.context = context;
    return this.#prepared;
  }

  #write(view: FlowView, { enforced, first }: FirstMatch): void {
    this.#writeTo(view.table.decision, view, enforced);
    if (view.table.shadow !== undefined) this.#writeTo(view.table.shadow, view, first);
  }

  #writeTo(columns: RequestColumns, view: FlowView, index: number): void {
    const rule = index < 0 ? undefined : this.#rules[index];
    columns.requested[view.row] = rule?.requested ?? RequestedPlacement.none;
    columns.rule[view.row] = index + 1;
    columns.score[view.row] = rule === undefined ? 0 : this.#scoreOf(rule, view);
    columns.scoredByWorth[view.row] = rule !== undefined && isWorth(rule.score) ? 1 : 0;
  }

  #scoreOf({ score }: PolicyRule, view: FlowView): number {
    if (score.kind === 'number') return score.value;
    return Math.max(0, linearValue(score, view, this.#memory.factNamed) ?? 0);
  }
}
