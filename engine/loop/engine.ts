import { Forecaster } from '../forecast/forecaster.ts';
import { Scarcity } from '../forecast/scarcity.ts';
import type { FactReading } from '../model/fact-reading.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { SliceQuota } from '../model/slice.ts';
import { beginReasons } from '../model/reason.ts';
import type { Tick } from '../model/tick.ts';
import {
  BackendsFailed,
  onEach,
  BackendController,
  type BackendFailure,
  type BackendControllerOptions,
} from './backend-controller.ts';
import type { Plan } from '../planner/plan.ts';
import { ChangeList } from '../reconcile/change-list.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';
import type { EvaluationReport, RuleEvaluator } from '../ports/rule-evaluator.ts';
import { ruleContext } from './rule-context.ts';
import { SerialQueue } from '../../async/serial-queue.ts';
import { planNumbers } from './plan-numbers.ts';
import { type Permission, TickGate } from './tick-gate.ts';
import { countPlacements, TickTotals } from './tick-totals.ts';
import type { Explanation, PlanNumbers, TickReport } from './tick-report.ts';
import { explainGate, explainRequests } from './unplanned-reasons.ts';

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
  readonly #gate = new TickGate();
  readonly #changes = new ChangeList();
  #numbers: readonly PlanNumbers[] = [];
  #slices: readonly SliceQuota[] = [];
  readonly #forecaster = new Forecaster();
  readonly #scarcity = new Scarcity();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#evaluator = options.evaluator;
    this.#nextEvaluator = options.evaluator;
    this.#controllers = options.backends.map(
      (backend) => new BackendController(backend, options, this.#changes),
    );
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
    return this.#gate.held;
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
    const { table } = tick;
    const startedMs = clock.now();
    const totals = new TickTotals();
    let permission = await this.#serial.run(() => this.#enforce(tick, totals, signal));
    totals.stages.enforceMs = clock.now() - startedMs;
    let evaluation: EvaluationReport | undefined;
    if (permission.may === 'move' || permission.may === 'evaluate') {
      evaluation = await this.#evaluate(tick, signal);
      totals.stages.rulesMs = evaluation.elapsedMs;
      permission = await this.#serial.run(() => this.#decide(tick, totals, signal));
    } else {
      explainGate(table, 'stale');
    }
    const { operations, batches, failures, stages } = totals;
    const endedAtMs = clock.now();
    return {
      tick,
      evaluation,
      slices: this.#slices,
      bitShare: this.#scarcity.bitShare,
      plans: this.#numbers,
      changes: this.#changes.take(),
      operations,
      failures,
      flows: countPlacements(table),
      held: this.#gate.held,
      permission,
      batches,
      stages,
      endedAtMs,
      elapsedMs: endedAtMs - startedMs,
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
    this.#gate.hold();
    return this.#serial.run(async () => {
      let entries = 0;
      const failures = await this.#onEach(async (controller) => {
        entries += await controller.withdrawAll(table);
      });
      if (failures.length > 0) throw new BackendsFailed('taking everything out', failures);
      return entries;
    });
  }

  /** Ends the hold of {@link onloadAll}. */
  resume(): void {
    this.#gate.resume();
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
      this.#gate.portsChanged(ports);
      const failures = await this.#onEach(async (controller) => {
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
      const failures = await this.#onEach((controller) => controller.backend.close(how));
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

  async #enforce(tick: Tick, totals: TickTotals, signal: AbortSignal): Promise<Permission> {
    const { table } = tick;
    const permission = this.#gate.open(tick);
    beginReasons(table.decision);
    // Before any backend is asked: it may fail, and these flows are in no later reading.
    if (permission.may !== 'nothing') {
      for (const controller of this.#controllers) controller.markRemoved(table);
    }
    const failures = await this.#onEach(async (controller) => {
      if (this.#gate.held) await controller.withdrawAll(table);
      const allowed = this.#gate.forBackend(controller);
      totals.applied(controller, await controller.enforce(table, allowed, signal));
    });
    totals.failures.push(...failures);
    return permission;
  }

  async #evaluate(tick: Tick, signal: AbortSignal): Promise<EvaluationReport> {
    this.#evaluator = this.#nextEvaluator;
    this.#scarcity.update(tick.node, tick.ports, tick.atMs);
    this.#forecaster.update(tick.table, this.#scarcity.bitShare);
    const context = ruleContext(tick, this.#controllers);
    const evaluation = await this.#evaluator.evaluate(tick.table, context, signal);
    this.#slices = evaluation.slices ?? [];
    return evaluation;
  }

  /** Plans and carries the plans out, unless the permission to move was taken back meanwhile. */
  async #decide(tick: Tick, totals: TickTotals, signal: AbortSignal): Promise<Permission> {
    const { table } = tick;
    const { permission } = this.#gate;
    if (permission.may !== 'move') {
      explainGate(table, permission.why === 'held' ? 'held' : 'stale');
      return permission;
    }
    const served = this.#controllers.filter((c) => c.up).map((c) => c.reconciler.placement);
    explainRequests(table, new Set(served));
    const { clock } = this.#options;
    const numbers: PlanNumbers[] = [];
    const failures = await this.#onEach(async (controller) => {
      const startedMs = clock.now();
      const plan = controller.plan(table, this.#slices, tick.ports);
      const inputs = this.#inputsOf(tick, plan);
      const plannedMs = clock.now();
      const applied = await controller.carryOut(table, plan, inputs, signal);
      totals.stages.planMs += plannedMs - startedMs;
      totals.carriedOut(controller, applied, clock.now() - plannedMs);
      numbers.push(planNumbers(controller, plan));
    });
    totals.failures.push(...failures);
    this.#numbers = numbers;
    return permission;
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

  #onEach(
    task: (controller: BackendController) => Promise<void>,
  ): Promise<readonly BackendFailure[]> {
    return onEach(this.#controllers, task);
  }
}
