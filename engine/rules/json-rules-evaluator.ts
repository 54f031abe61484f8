import { Placement, Wish } from '../model/flow.ts';
import type { WishColumns } from '../model/columns.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { reasonIndex } from '../model/reason.ts';
import type { Clock } from '../ports/clock.ts';
import { followedNumber } from './amount.ts';
import { EvaluationOrder } from './evaluation-order.ts';
import type {
  EvaluationReport,
  RuleContext,
  RuleEvaluator,
  RuleInfo,
  RuleTrace,
} from './evaluator.ts';
import { FlowView } from './fact.ts';
import { FirstMatch } from './first-match.ts';
import type { PolicyRule, PolicySet } from './policy.ts';
import { PolicyMemory } from './policy-memory.ts';
import { traceRules } from './trace.ts';

/** Settings of the evaluator. */
export interface JsonRulesOptions {
  /** Time that one evaluation may take, ms; flows that do not fit in are skipped. */
  readonly budgetMs: number;
  readonly clock: Clock;
  /**
   * Lets timers and I/O have their turn, and resolves after it (setImmediate, say). Rules run for
   * long, and a lease has to be renewed meanwhile.
   */
  readonly pause: () => Promise<void>;
  /** Time after which it pauses, ms; 10 by default. */
  readonly sliceMs?: number;
}

/** An evaluation was started while another one was running. */
export class EvaluationRunning extends Error {
  override readonly name = 'EvaluationRunning';

  constructor() {
    super('an evaluation of the rules is running; wait for it before starting the next');
  }
}

/** Evaluates policies with json-rules-engine. */
export class JsonRulesEvaluator implements RuleEvaluator {
  readonly rules: readonly RuleInfo[];
  readonly #rules: readonly PolicyRule[];
  readonly #options: JsonRulesOptions;
  readonly #memory: PolicyMemory;
  readonly #hasShadows: boolean;
  readonly #order = new EvaluationOrder();
  #prepared: { readonly view: FlowView; readonly firstMatch: FirstMatch } | undefined;
  #running = false;
  #sliceEndMs = 0;

  constructor(policies: PolicySet, options: JsonRulesOptions) {
    this.#rules = policies.rules;
    this.#memory = new PolicyMemory(policies);
    this.#hasShadows = policies.rules.some((rule) => rule.mode === 'shadow');
    this.rules = policies.rules.map(({ name, wish, priority, mode }) => ({
      name,
      wish,
      priority,
      mode,
    }));
    this.#options = options;
  }

  /**
   * See {@link RuleEvaluator.evaluate}. A skipped flow that is placed keeps the wish it had; a
   * skipped flow on the vSwitch has none. The reason of both is `not-evaluated`.
   *
   * @throws {EvaluationRunning} when called again before it has resolved
   */
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

  async explain(
    table: FlowTable,
    row: number,
    context: RuleContext,
  ): Promise<readonly RuleTrace[]> {
    // An engine and a view of its own: an evaluation may be running meanwhile.
    const view = new FlowView(table, context, this.#memory);
    view.row = row;
    const traces = await traceRules(
      view,
      this.#rules.map((rule) => rule.conditions),
      this.#memory.factNamed,
    );
    return traces.map((condition, i) => ({
      rule: this.rules[i],
      verdict: condition.verdict,
      condition,
    }));
  }

  async #evaluate(
    table: FlowTable,
    context: RuleContext,
    signal: AbortSignal,
  ): Promise<EvaluationReport> {
    const { clock, budgetMs } = this.#options;
    const order = this.#order;
    const startMs = clock.now();
    this.#startSlice();
    table.keepShadow(this.#hasShadows);
    await this.#memory.update(table, context);
    order.arrange(table);
    this.#lookAt(table, context);
    // From here on, so that however long putting a huge table in order takes, some are evaluated.
    const rulesFromMs = clock.now();
    const endMs = rulesFromMs + budgetMs;
    // Placed flows have half of the time at first, so that a large backend starves no newcomer.
    const half = rulesFromMs + budgetMs / 2;
    const placed = await this.#run(0, order.placed, half, signal);
    const others = await this.#run(order.placed, order.count, endMs, signal);
    const late = await this.#run(placed, order.placed, endMs, signal);
    this.#skip(table, late, order.placed);
    this.#skip(table, others, order.count);
    const skipped = order.placed - late + (order.count - others);
    const evaluated = order.count - skipped;
    return { evaluated, skipped, elapsedMs: clock.now() - startMs };
  }

  #lookAt(table: FlowTable, context: RuleContext): void {
    if (this.#prepared === undefined) {
      const view = new FlowView(table, context, this.#memory);
      const firstMatch = new FirstMatch(view, this.#rules, this.#memory.factNamed);
      this.#prepared = { view, firstMatch };
    }
    this.#prepared.view.table = table;
    this.#prepared.view.context = context;
  }

  /** Evaluates places `from` to `to` of the order until `endMs`; resolves to the first left out. */
  async #run(from: number, to: number, endMs: number, signal: AbortSignal): Promise<number> {
    const { clock, pause } = this.#options;
    const prepared = this.#prepared;
    if (prepared === undefined) return from;
    for (let i = from; i < to; i++) {
      const nowMs = clock.now();
      if (nowMs >= endMs) return i;
      if (nowMs >= this.#sliceEndMs) {
        await pause();
        signal.throwIfAborted();
        this.#startSlice();
      }
      const { view, firstMatch } = prepared;
      view.row = this.#order.rowAt(i);
      await firstMatch.find();
      this.#write(view, firstMatch);
      this.#order.evaluated(view.row);
    }
    return to;
  }

  #startSlice(): void {
    this.#sliceEndMs = this.#options.clock.now() + (this.#options.sliceMs ?? 10);
  }

  #write(view: FlowView, { enforced, first }: FirstMatch): void {
    this.#writeTo(view.table.decision, view, enforced);
    if (view.table.shadow !== undefined) this.#writeTo(view.table.shadow, view, first);
  }

  #writeTo(columns: WishColumns, view: FlowView, index: number): void {
    const rule = index < 0 ? undefined : this.#rules[index];
    columns.wish[view.row] = rule?.wish ?? Wish.none;
    columns.rule[view.row] = index + 1;
    columns.score[view.row] = rule === undefined ? 0 : this.#scoreOf(rule, view);
  }

  #scoreOf({ score }: PolicyRule, view: FlowView): number {
    if (score.kind === 'number') return score.value;
    return Math.max(0, followedNumber(score, view, this.#memory.factNamed) ?? 0);
  }

  #skip(table: FlowTable, from: number, to: number): void {
    const d = table.decision;
    const reason = reasonIndex('not-evaluated');
    for (let i = from; i < to; i++) {
      const row = this.#order.rowAt(i);
      d.reason[row] = reason;
      this.#leaveOut(d, row, d.placement[row] !== Placement.onload);
      if (table.shadow !== undefined) {
        this.#leaveOut(table.shadow, row, d.placement[row] !== Placement.onload);
      }
    }
  }

  /** A flow that is placed keeps what was wished for it. */
  #leaveOut(columns: WishColumns, row: number, placed: boolean): void {
    if (!placed) {
      columns.wish[row] = Wish.none;
      columns.score[row] = 0;
      columns.rule[row] = 0;
    } else if (!this.#order.knows(row)) {
      // The wish is of the policies before these: it stays, but its rule is none of ours.
      columns.rule[row] = 0;
    }
  }
}
