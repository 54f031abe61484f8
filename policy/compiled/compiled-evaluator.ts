import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import {
  CHUNK_ROWS,
  timeSlicedYield,
  type YieldToEventLoop,
} from '../../async/yield-to-event-loop.ts';
import type {
  EvaluationReport,
  RuleContext,
  RuleEvaluator,
  RuleInfo,
  RuleTrace,
} from '../../engine/ports/rule-evaluator.ts';
import { isWorth } from '../model/linear-function.ts';
import { neededFor } from '../model/extent.ts';
import { FlowView } from '../model/fact.ts';
import { EvaluationRunning } from '../model/evaluation-running.ts';
import { EvaluatorDisposed } from '../model/evaluator-disposed.ts';
import { RuleInputs } from '../state/rule-inputs.ts';
import type { FactReading } from '../../engine/model/fact-reading.ts';
import type { PolicySet } from '../model/policy-set.ts';
import type { PolicyRule } from '../model/policy-set.ts';
import { PolicyMemory } from '../state/policy-memory.ts';
import { traceRules } from '../trace/trace.ts';
import { CompiledRule } from './compiled-rule.ts';
import { ConditionCompiler } from './condition-compiler.ts';
import { EngineCheck, mayHold, needsQuery } from '../json-rules/engine-check.ts';
import { Chunk } from './row-condition.ts';
import { RuleProgram } from './rule-program.ts';
import { compileScore } from './score.ts';
import { TickColumns } from './tick-columns.ts';

/** Time between yields to the event loop, ms, so that leases are renewed in time. */
const EVALUATION_SLICE_MS = 10;

/** Settings of the evaluator. */
export interface CompiledRulesOptions {
  readonly clock: Clock;
  /** Yields after each slice of time; default: one turn of the event loop. */
  readonly pause?: () => Promise<void>;
}

/**
 * Evaluates policies compiled to loops over the columns of the flow table, with the verdicts of
 * json-rules-engine.
 */
export class CompiledEvaluator implements RuleEvaluator {
  readonly rules: readonly RuleInfo[];
  readonly #rules: readonly PolicyRule[];
  readonly #options: CompiledRulesOptions;
  readonly #memory: PolicyMemory;
  readonly #inputs: RuleInputs;
  readonly #chunk = new Chunk(CHUNK_ROWS);
  readonly #program: RuleProgram;
  readonly #hasShadows: boolean;
  #view: FlowView | undefined;
  #running = false;
  #disposed = false;

  constructor(policies: PolicySet, options: CompiledRulesOptions) {
    this.#rules = policies.rules;
    this.rules = policies.rules.map(({ name, requested, priority, mode }) => ({
      name,
      requested,
      priority,
      mode,
    }));
    this.#options = options;
    this.#hasShadows = policies.rules.some((rule) => rule.mode === 'shadow');
    this.#memory = new PolicyMemory(policies);
    this.#inputs = new RuleInputs(policies.rules, this.#memory.factNamed);
    this.#program = compileRules(this.#rules, this.#memory, this.#chunk);
  }

  /**
   * @throws {EvaluationRunning} if the previous call has not resolved
   * @throws {EvaluatorDisposed}
   */
  async evaluate(
    table: FlowTable,
    context: RuleContext,
    signal: AbortSignal,
  ): Promise<EvaluationReport> {
    return this.#exclusively(signal, async (yieldToEventLoop) => {
      table.keepShadow(this.#hasShadows);
      await this.#memory.update(table, context, yieldToEventLoop);
      await this.#decide(table, table.rows, table.count, context, yieldToEventLoop);
      return table.count;
    });
  }

  /**
   * @throws {EvaluationRunning} if the previous call has not resolved
   * @throws {EvaluatorDisposed}
   */
  async evaluateRows(
    table: FlowTable,
    rows: Int32Array,
    context: RuleContext,
    signal: AbortSignal,
  ): Promise<EvaluationReport | undefined> {
    if (this.#memory.comparesFlows) return undefined;
    return this.#exclusively(signal, async (yieldToEventLoop) => {
      this.#memory.include(table, rows, context);
      await this.#decide(table, rows, rows.length, context, yieldToEventLoop);
      return rows.length;
    });
  }

  inputs(table: FlowTable, row: number, context: RuleContext): readonly FactReading[] {
    this.#throwIfDisposed();
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
    this.#throwIfDisposed();
    // Needs a separate view, because an evaluation can be running.
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
    this.#disposed = true;
    this.#memory[Symbol.dispose]();
  }

  #throwIfDisposed(): void {
    if (this.#disposed) throw new EvaluatorDisposed();
  }

  /** Runs an evaluation, which resolves to the number of rows that it evaluated. */
  async #exclusively(
    signal: AbortSignal,
    evaluate: (yieldToEventLoop: YieldToEventLoop) => Promise<number>,
  ): Promise<EvaluationReport> {
    this.#throwIfDisposed();
    if (this.#running) throw new EvaluationRunning();
    signal.throwIfAborted();
    const { clock, pause } = this.#options;
    const startMs = clock.now();
    const now = (): number => clock.now();
    this.#running = true;
    try {
      const slices = { sliceMs: EVALUATION_SLICE_MS, now, pause, signal };
      const evaluated = await evaluate(timeSlicedYield(slices));
      return { evaluated, slices: this.#memory.sliceQuotas, elapsedMs: clock.now() - startMs };
    } finally {
      this.#running = false;
    }
  }

  /** Decides `rows[0 .. count)` with the state of the rules. */
  async #decide(
    table: FlowTable,
    rows: Int32Array,
    count: number,
    context: RuleContext,
    yieldToEventLoop: YieldToEventLoop,
  ): Promise<void> {
    this.#startTick(table, context);
    for (let from = 0; from < count; from += CHUNK_ROWS) {
      const pausing = yieldToEventLoop();
      if (pausing !== undefined) await pausing;
      this.#chunk.load(rows, from, count);
      this.#program.startChunk(table);
      while (!this.#program.advance(table)) await this.#program.query(table, yieldToEventLoop);
    }
  }

  #startTick(table: FlowTable, context: RuleContext): void {
    this.#view ??= new FlowView(table, context, this.#memory);
    const view = this.#view;
    view.table = table;
    view.context = context;
    this.#program.startTick(view);
  }
}

function compileRules(
  rules: readonly PolicyRule[],
  memory: PolicyMemory,
  chunk: Chunk,
): RuleProgram {
  const { factNamed } = memory;
  const columns = new TickColumns(memory.columns, memory.keys, chunk);
  const compiler = new ConditionCompiler(factNamed, columns);
  const compiled = rules.map(({ conditions, score, requested, mode }, i) => {
    const queries = needsQuery(conditions, factNamed);
    const needed = neededFor(requested);
    return new CompiledRule({
      condition: compiler.compile(queries ? mayHold(conditions, factNamed) : conditions, needed),
      check: queries ? new EngineCheck(conditions, needed, factNamed) : undefined,
      score: compileScore(score, factNamed, columns),
      scoredByWorth: isWorth(score),
      requested,
      number: i + 1,
      shadow: mode === 'shadow',
    });
  });
  return new RuleProgram(compiled, chunk);
}
