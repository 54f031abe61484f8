import { Forecaster } from '../forecast/forecaster.ts';
import { Scarcity } from '../forecast/scarcity.ts';
import type { FactReading } from '../model/fact-reading.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { Arrivals, Tick } from '../model/tick.ts';
import type { EvaluationReport, RuleContext, RuleEvaluator } from '../ports/rule-evaluator.ts';

/**
 * Forecasts each flow's traffic and evaluates the rules in force. Owns their evaluator, and disposes
 * it when it is replaced.
 */
export class PolicyStage implements Disposable {
  readonly #forecaster = new Forecaster();
  readonly #scarcity = new Scarcity();
  #evaluator: RuleEvaluator;
  #nextEvaluator: RuleEvaluator;
  #slices: readonly SliceQuota[] = [];
  /** Ports of the last evaluation; undefined if there was none, or it failed. */
  #ports: PortSnapshot | undefined;

  constructor(evaluator: RuleEvaluator) {
    this.#evaluator = evaluator;
    this.#nextEvaluator = evaluator;
  }

  /** Evaluator of the last evaluation: `decision.rule` is 1 + an index into its rules. */
  get evaluator(): RuleEvaluator {
    return this.#evaluator;
  }

  /** Slices as of the last evaluation. */
  get slices(): readonly SliceQuota[] {
    return this.#slices;
  }

  /** Weight of bits against packets in the worth of flows, 0 to 1. */
  get bitShare(): number {
    return this.#scarcity.bitShare;
  }

  /** Replaces the rules from the next evaluation on, and takes over the evaluator. */
  useRules(evaluator: RuleEvaluator): void {
    const pending = this.#nextEvaluator;
    this.#nextEvaluator = evaluator;
    // It was replaced before a tick used it.
    if (pending !== this.#evaluator && pending !== evaluator) pending[Symbol.dispose]();
  }

  /** Writes the forecasts and requests of a tick. Call it again only after it has settled. */
  async evaluate(tick: Tick, context: RuleContext, signal: AbortSignal): Promise<EvaluationReport> {
    this.#replaceEvaluator();
    this.#scarcity.update(tick.node, tick.ports, tick.atMs);
    this.#forecaster.update(tick.table, this.#scarcity.bitShare);
    this.#ports = undefined;
    const evaluation = await this.#evaluator.evaluate(tick.table, context, signal);
    this.#ports = tick.ports;
    this.#slices = evaluation.slices ?? [];
    return evaluation;
  }

  /**
   * Writes the forecasts and requests of new flows, by the rules and their state as of the last
   * evaluation. False if these cannot decide them: the next evaluation does.
   */
  async evaluateArrivals(
    { table, rated, readAtMs }: Arrivals,
    context: RuleContext,
    signal: AbortSignal,
  ): Promise<boolean> {
    const evaluator = this.#evaluator;
    const isCurrent = evaluator === this.#nextEvaluator && context.ports === this.#ports;
    if (!isCurrent || evaluator.evaluateRows === undefined) return false;
    this.#forecaster.estimate(table, rated, readAtMs);
    const evaluation = await evaluator.evaluateRows(table, rated, context, signal);
    if (evaluation === undefined) return false;
    this.#slices = evaluation.slices ?? [];
    return true;
  }

  /** By row, the facts of the rule that decided it in the last evaluation. */
  inputsOf(
    table: FlowTable,
    rows: readonly number[],
    context: RuleContext,
  ): ReadonlyMap<number, readonly FactReading[]> {
    return new Map(rows.map((row) => [row, this.#evaluator.inputs(table, row, context)]));
  }

  /** Disposes the evaluators; nothing can be evaluated afterwards. */
  [Symbol.dispose](): void {
    this.#evaluator[Symbol.dispose]();
    if (this.#nextEvaluator !== this.#evaluator) this.#nextEvaluator[Symbol.dispose]();
  }

  #replaceEvaluator(): void {
    const replaced = this.#evaluator;
    if (replaced === this.#nextEvaluator) return;
    this.#evaluator = this.#nextEvaluator;
    replaced[Symbol.dispose]();
  }
}
