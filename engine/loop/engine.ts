import { Forecaster } from '../forecast/forecaster.ts';
import { Scarcity } from '../forecast/scarcity.ts';
import { PLACEMENT_NAMES } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { Tick } from '../model/tick.ts';
import {
  BackendsFailed,
  onEach,
  BackendController,
  type BackendFailure,
  type BackendControllerOptions,
} from './backend-controller.ts';
import type { Plan } from '../planner/plan.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';
import type { EvaluationReport, RuleEvaluator } from '../ports/rule-evaluator.ts';
import type { FactReading } from '../ports/rule-evaluator.ts';
import { ruleContext } from './rule-context.ts';
import { SerialQueue } from '../../async/serial-queue.ts';
import { collect, countPlacements, type TickTotals } from './tick-totals.ts';
import type { BackendMove, Batch, Explanation, PlanNumbers, TickReport } from './tick-report.ts';
import { explainUnplanned, fillReason } from './unplanned.ts';

/** Settings of the engine. */
export interface EngineOptions extends BackendControllerOptions {
  readonly evaluator: RuleEvaluator;
  /** At most one for each placement. */
  readonly backends: readonly OffloadBackend[];
  /** Flows of a plan for which the facts that their rules looked at are taken down; 0 by default. */
  readonly inputsPerPlan?: number;
}

/**
 * The loop's middle: takes a tick, evaluates the rules, plans, and holds the backends to the
 * plan. It does no I/O but through its ports and has neither timers nor a clock of its own.
 *
 * Calls may come at any time; what touches a backend is done one after another.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #controllers: readonly BackendController[];
  readonly #serial = new SerialQueue();
  #evaluator: RuleEvaluator;
  #nextEvaluator: RuleEvaluator;
  #held = false;
  /** The ports that the backends were last told of. */
  #ports: PortSnapshot | undefined;
  #numbers: readonly PlanNumbers[] = [];
  #slices: readonly SliceQuota[] = [];
  readonly #forecaster = new Forecaster();
  readonly #scarcity = new Scarcity();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#evaluator = options.evaluator;
    this.#nextEvaluator = options.evaluator;
    this.#controllers = options.backends.map((backend) => new BackendController(backend, options));
  }

  /** Tells that a backend has been started: from now on it is asked (`backendsComeUp`). */
  backendUp(backend: OffloadBackend): void {
    for (const controller of this.#controllers)
      if (controller.backend === backend) controller.started();
  }

  /**
   * When all that a backend has was last known to be what the vSwitch would do, ms of the clock;
   * -Infinity before the first time. What a lease has to follow.
   */
  lastVerifiedAtMs(backend: OffloadBackend): number {
    return (
      this.#controllers.find((controller) => controller.backend === backend)?.lastVerifiedAtMs ??
      -Infinity
    );
  }

  /** True while everything is held on the vSwitch. */
  get held(): boolean {
    return this.#held;
  }

  /** The rules of the last decision: `decision.rule` is an index into theirs. */
  get evaluator(): RuleEvaluator {
    return this.#evaluator;
  }

  /** Swaps the rules in force between two ticks: the next one uses them from its start. */
  useRules(evaluator: RuleEvaluator): void {
    this.#nextEvaluator = evaluator;
  }

  /**
   * Decides one tick and carries the decision out. A backend that fails is named in the report;
   * what is believed of its placements is what it confirmed, and the next tick tries again.
   */
  async onTick(tick: Tick, signal: AbortSignal): Promise<TickReport> {
    const { clock } = this.#options;
    const startedMs = clock.now();
    const moves: BackendMove[] = [];
    const batches: Batch[] = [];
    const failures: BackendFailure[] = [];
    const stages = { enforceMs: 0, rulesMs: 0, planMs: 0, applyMs: 0 };
    await this.#serial.run(async () => {
      failures.push(...(await this.#enforce(tick, moves, signal)));
    });
    stages.enforceMs = clock.now() - startedMs;
    let evaluation: EvaluationReport | undefined;
    if (tick.fresh) {
      fillReason(tick.table, 'unseen');
      this.#evaluator = this.#nextEvaluator;
      this.#scarcity.update(tick.node, tick.ports, tick.atMs);
      this.#forecaster.update(tick.table, this.#scarcity.bitShare);
      evaluation = await this.#evaluator.evaluate(
        tick.table,
        ruleContext(tick, this.#controllers),
        signal,
      );
      this.#slices = evaluation.slices ?? [];
      stages.rulesMs = evaluation.elapsedMs;
      await this.#serial.run(async () => {
        failures.push(...(await this.#decide(tick, { moves, batches, stages }, signal)));
      });
    } else {
      fillReason(tick.table, 'stale');
    }
    return {
      tick,
      evaluation,
      slices: this.#slices,
      bitShare: this.#scarcity.bitShare,
      plans: this.#numbers,
      moves,
      failures,
      flows: countPlacements(tick.table),
      held: this.#held,
      batches,
      stages,
      elapsedMs: clock.now() - startedMs,
    };
  }

  /**
   * The panic button: takes everything back to the vSwitch, now, and keeps it there until
   * {@link resume}. Resolves to the number of entries taken out.
   *
   * @throws {BackendsFailed} when a backend could not; everything is held all the same, and each
   *   tick tries again
   */
  async onloadAll(table: FlowTable): Promise<number> {
    this.#held = true;
    return this.#serial.run(async () => {
      let entries = 0;
      const failures = await onEach(this.#controllers, async (controller) => {
        entries += await controller.withdrawAll(table);
      });
      if (failures.length > 0) throw new BackendsFailed('taking everything out', failures);
      return entries;
    });
  }

  /** Ends the hold of {@link onloadAll}. */
  resume(): void {
    this.#held = false;
  }

  /**
   * Tells the backends of changed ports, before anything else is decided. Resolves to the number
   * of entries that were taken out for it.
   *
   * @throws {BackendsFailed} when a backend did not follow
   */
  async portsChanged(ports: PortSnapshot, table: FlowTable): Promise<number> {
    return this.#serial.run(async () => {
      let lost = 0;
      this.#ports = ports;
      const failures = await onEach(this.#controllers, async (controller) => {
        lost += await controller.portsChanged(ports, table);
      });
      if (failures.length > 0) throw new BackendsFailed('following the ports', failures);
      return lost;
    });
  }

  /**
   * Closes the backends once what is under way is done; nothing may be asked of it after.
   *
   * @throws {BackendsFailed} when one could not be closed in order; the others are
   */
  async close(how: 'withdraw' | 'keep'): Promise<void> {
    await this.#serial.run(async () => {
      const failures = await onEach(this.#controllers, (controller) =>
        controller.backend.close(how),
      );
      if (failures.length > 0) throw new BackendsFailed('closing', failures);
    });
  }

  /** Why a live row's flow is where it is. */
  async explain(tick: Tick, row: number): Promise<Explanation> {
    const rules = await this.#evaluator.explain(
      tick.table,
      row,
      ruleContext(tick, this.#controllers),
    );
    const refusal = this.#controllers
      .map((p) => p.reconciler.refusalOf(row))
      .find((r) => r !== undefined);
    return { row, refusal, plans: this.#numbers, rules };
  }

  async #enforce(
    tick: Tick,
    moves: BackendMove[],
    signal: AbortSignal,
  ): Promise<readonly BackendFailure[]> {
    // What nobody would delete any more once the table is read anew, whichever backend fails.
    if (tick.flowsFresh)
      for (const controller of this.#controllers) controller.reconciler.markRemoved(tick.table);
    const settled = this.#settled(tick) && !this.#held;
    return onEach(this.#controllers, async (controller) => {
      if (this.#held) await controller.withdrawAll(tick.table);
      if (!tick.flowsFresh) return;
      collect(moves, controller, await controller.enforce(tick.table, settled, signal));
    });
  }

  /** True when the tick's flows and the ports that backends know are of one moment. */
  #settled(tick: Tick): boolean {
    return tick.fresh && (this.#ports === undefined || this.#ports === tick.ports);
  }

  async #decide(
    tick: Tick,
    { moves, batches, stages }: TickTotals,
    signal: AbortSignal,
  ): Promise<readonly BackendFailure[]> {
    if (this.#held) {
      fillReason(tick.table, 'held');
      return [];
    }
    if (!this.#settled(tick)) {
      // Ports changed since the flows were read: a port's name may stand for another one now.
      fillReason(tick.table, 'stale');
      return [];
    }
    const served = this.#controllers.filter((p) => p.up).map((p) => p.reconciler.placement);
    explainUnplanned(tick.table, new Set(served));
    const { clock } = this.#options;
    const numbers: PlanNumbers[] = [];
    const failures = await onEach(this.#controllers, async (controller) => {
      const { backend } = controller;
      const startedMs = clock.now();
      // The plan is reused by the next one: its numbers are taken, its moves are carried out.
      const plan = controller.plan(tick.table, this.#slices, tick.ports);
      const { cutoff, threshold, swapGain, contenders, budget, shares, limits } = plan;
      const inputs = this.#inputsOf(tick, plan);
      const plannedMs = clock.now();
      const carriedOut = await controller.carryOut(tick.table, plan, signal);
      const elapsedMs = clock.now() - plannedMs;
      stages.planMs += plannedMs - startedMs;
      stages.applyMs += elapsedMs;
      if (carriedOut.length > 0) {
        batches.push({ backend: backend.name, operations: carriedOut.length, elapsedMs });
      }
      collect(moves, controller, carriedOut, (row) => inputs.get(row) ?? null);
      const capacity = backend.capacity();
      numbers.push({
        backend: backend.name,
        placement: PLACEMENT_NAMES[controller.reconciler.placement],
        capacity,
        learnedEntries: controller.entries,
        cutoff,
        threshold,
        swapGain,
        contenders,
        budget,
        shares,
        limits,
      });
    });
    this.#numbers = numbers;
    return failures;
  }

  /** By row, what led to the plan: read before it is carried out and changes it. */
  #inputsOf(tick: Tick, plan: Plan): ReadonlyMap<number, readonly FactReading[]> {
    const inputs = new Map<number, readonly FactReading[]>();
    const most = this.#options.inputsPerPlan ?? 0;
    if (most === 0 || plan.withdraw.length + plan.install.length === 0) return inputs;
    const context = ruleContext(tick, this.#controllers);
    for (const row of [...plan.withdraw, ...plan.install].slice(0, most)) {
      inputs.set(row, this.#evaluator.inputs(tick.table, row, context));
    }
    return inputs;
  }
}
