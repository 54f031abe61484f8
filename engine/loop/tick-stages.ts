import type { FactReading } from '../model/fact-reading.ts';
import { beginReasons } from '../model/reason.ts';
import type { Arrivals, Tick } from '../model/tick.ts';
import type { Plan } from '../planner/plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { EvaluationReport } from '../ports/rule-evaluator.ts';
import type { BackendController } from './backend-controller.ts';
import type { BackendSet } from './backend-set.ts';
import { planNumbers } from './plan-numbers.ts';
import type { PolicyStage } from './policy-stage.ts';
import { ruleContext } from './rule-context.ts';
import type { Permission, TickGate } from './tick-gate.ts';
import type { PlanNumbers } from './tick-report.ts';
import type { TickTotals } from './tick-totals.ts';
import { explainGate, explainRequests } from './unplanned-reasons.ts';

/** What a tick does, in this order; the last two once per backend. */
export type Stage = 'enforce' | 'evaluate' | 'plan' | 'apply';

/** Settings of {@link TickStages}. */
export interface TickStagesOptions {
  readonly clock: Clock;
  /** Number of flows per plan whose rules' facts are recorded; 0 by default. */
  readonly inputsPerPlan?: number;
  /** Called when a stage of a tick starts. */
  readonly onStage?: (stage: Stage) => void;
}

/** What a plan is made from. */
interface PlanBasis {
  readonly tick: Tick;
  /** When the flows that may get an entry were read, ms of the clock. */
  readonly readAtMs: number;
  readonly controller: BackendController;
  /** As in TableBudget. */
  readonly newcomers?: ReadonlySet<number>;
}

/** What the stages work on. */
interface Parts {
  readonly backends: BackendSet;
  readonly policies: PolicyStage;
  readonly gate: TickGate;
}

/**
 * The stages of one tick. The engine runs them in order, `enforce` and `decide` each in its turn of
 * the queue of backends.
 */
export class TickStages {
  readonly #options: TickStagesOptions;
  readonly #backends: BackendSet;
  readonly #policies: PolicyStage;
  readonly #gate: TickGate;
  /** The plans of the last decision. */
  planNumbers: readonly PlanNumbers[] = [];

  constructor({ backends, policies, gate }: Parts, options: TickStagesOptions) {
    this.#backends = backends;
    this.#policies = policies;
    this.#gate = gate;
    this.#options = options;
  }

  /**
   * Removes entries that must not stay, audits, and removes entries that carry nothing. Resolves to
   * what the tick may do.
   */
  async enforce(tick: Tick, totals: TickTotals, signal: AbortSignal): Promise<Permission> {
    const { table } = tick;
    this.#options.onStage?.('enforce');
    const permission = this.#gate.open(tick);
    beginReasons(table.decision);
    // Before any call to a backend, which may fail: no later reading has these flows.
    if (permission.may !== 'nothing') this.#backends.markRemoved(table);
    const failures = await this.#backends.forEach(async (controller) => {
      if (this.#gate.held || controller.verification.withdrawing) {
        await controller.withdrawAll(table);
      }
      const allowed = this.#gate.forBackend(controller);
      const sightMs = Math.min(table.readAtMs, tick.portsSeenAtMs ?? table.readAtMs);
      const applied = await controller.enforce(table, sightMs, allowed, signal);
      totals.addOperations(controller, applied);
      if (allowed.may !== 'move') return;
      totals.addOperations(controller, await controller.releaseUnused(tick, signal));
    });
    totals.failures.push(...failures);
    return permission;
  }

  /** Forecasts the flows and evaluates the rules. */
  evaluate(tick: Tick, signal: AbortSignal): Promise<EvaluationReport> {
    this.#options.onStage?.('evaluate');
    return this.#policies.evaluate(tick, ruleContext(tick, this.#backends.all), signal);
  }

  /** Plans and applies the plans, unless the permission to move was revoked during the tick. */
  async decide(tick: Tick, totals: TickTotals, signal: AbortSignal): Promise<Permission> {
    const { table } = tick;
    const { permission } = this.#gate;
    if (permission.may !== 'move') {
      explainGate(table, permission.why === 'held' ? 'held' : 'stale');
      return permission;
    }
    const served = this.#backends.up.map(({ reconciler }) => reconciler.placement);
    explainRequests(table, new Set(served));
    const numbers: PlanNumbers[] = [];
    const failures = await this.#backends.forEach(async (controller) => {
      const plan = await this.#planAndApply(
        { tick, readAtMs: table.readAtMs, controller },
        totals,
        signal,
      );
      if (plan !== undefined) numbers.push(planNumbers(controller, plan));
    });
    totals.failures.push(...failures);
    this.planNumbers = numbers;
    return permission;
  }

  /** Forecasts new flows and evaluates the rules for them; false if the next tick has to do that. */
  evaluateArrivals(arrivals: Arrivals, signal: AbortSignal): Promise<boolean> {
    const context = ruleContext(arrivals, this.#backends.all);
    if (this.#gate.open(arrivals).may !== 'move') return Promise.resolve(false);
    return this.#policies.evaluateArrivals(arrivals, context, signal);
  }

  /** Plans for new flows that request an entry, and applies the plans; nobody else gets one. */
  async decideArrivals(arrivals: Arrivals, totals: TickTotals, signal: AbortSignal): Promise<void> {
    const { table, rated, readAtMs } = arrivals;
    if (this.#gate.permission.may !== 'move') return;
    beginReasons(table.decision);
    const served = this.#backends.up.map(({ reconciler }) => reconciler.placement);
    explainRequests(table, new Set(served), rated);
    const failures = await this.#backends.forEach(async (controller) => {
      if (!controller.isSettled) return;
      const newcomers = new Set(rated.filter((row) => controller.isRequested(table, row)));
      if (newcomers.size === 0) return;
      const basis = { tick: arrivals, readAtMs, controller, newcomers };
      await this.#planAndApply(basis, totals, signal);
    });
    totals.failures.push(...failures);
  }

  /** Resolves to undefined if the flows were read too long ago to install anything. */
  async #planAndApply(
    { tick, readAtMs, controller, newcomers }: PlanBasis,
    totals: TickTotals,
    signal: AbortSignal,
  ): Promise<Plan | undefined> {
    const { clock, onStage } = this.#options;
    const startedMs = clock.now();
    // The process was stopped since the flows were read; rules with a time-out of their own would
    // be in force for longer than the lease.
    if (startedMs - readAtMs >= controller.backend.capabilities().leaseMs) return undefined;
    // What is installed must have been read after the verification that the lease is based on.
    if (readAtMs < controller.verification.verifiedAtMs) return undefined;
    onStage?.('plan');
    const plan = controller.plan(tick.table, this.#policies.slices, tick.ports, newcomers);
    const inputs = this.#inputsOf(tick, plan);
    const plannedMs = clock.now();
    onStage?.('apply');
    const applied = await controller.applyPlan(tick.table, plan, inputs, signal);
    totals.stages.planMs += plannedMs - startedMs;
    totals.addPlan(controller, applied, clock.now() - plannedMs);
    return plan;
  }

  /** By row, the facts behind the plan; read before the plan is applied and changes them. */
  #inputsOf(tick: Tick, plan: Plan): ReadonlyMap<number, readonly FactReading[]> {
    const max = this.#options.inputsPerPlan ?? 0;
    if (max === 0 || plan.withdraw.length + plan.install.length === 0) return new Map();
    const rows = [...plan.withdraw, ...plan.install].slice(0, max);
    return this.#policies.inputsOf(tick.table, rows, ruleContext(tick, this.#backends.all));
  }
}
