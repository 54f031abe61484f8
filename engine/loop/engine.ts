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
  forEachBackend,
  BackendController,
  type BackendFailure,
  type BackendControllerOptions,
} from './backend-controller.ts';
import type { Plan } from '../planner/plan.ts';
import { ChangeList } from '../reconcile/change-list.ts';
import type { FlowLookup } from '../ports/flow-lookup.ts';
import type { FlowVerifier } from '../ports/flow-verifier.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';
import type { EvaluationReport, RuleEvaluator } from '../ports/rule-evaluator.ts';
import { ruleContext } from './rule-context.ts';
import { SerialQueue } from '../../async/serial-queue.ts';
import { planNumbers } from './plan-numbers.ts';
import { EntryCheck, type EntryCheckReport } from './entry-check.ts';
import { type Sample, Sampler } from './sampler.ts';
import { type Permission, TickGate } from './tick-gate.ts';
import { countPlacements, TickTotals } from './tick-totals.ts';
import type { Explanation, PlanNumbers, TickReport } from './tick-report.ts';
import { explainGate, explainRequests } from './unplanned-reasons.ts';
import type { Verification } from './verification.ts';

/** Settings of the engine. */
export interface EngineOptions extends BackendControllerOptions {
  /** The engine disposes it when it is replaced, and at {@link Engine.close}. */
  readonly evaluator: RuleEvaluator;
  /** At most one for each placement. */
  readonly backends: readonly OffloadBackend[];
  /** Answers what the vSwitch would do with a flow now; left out: no samples are taken. */
  readonly verifier?: FlowVerifier;
  /** Reads single flows; left out: entries are compared with complete readings only. */
  readonly lookup?: FlowLookup;
  /** Number of flows per plan whose rules' facts are recorded; 0 by default. */
  readonly inputsPerPlan?: number;
  /** Called when a stage of a tick starts. */
  readonly onStage?: (stage: Stage) => void;
}

/** What a tick does, in this order; the last two once per backend. */
export type Stage = 'enforce' | 'evaluate' | 'plan' | 'apply';

const NOTHING_CHECKED: EntryCheckReport = { compared: 0, outdated: 0, complete: false };

/**
 * The core of the loop: for each tick it evaluates the rules, plans, and applies the plans to the
 * backends. It does all I/O through its ports, and has no timers and no clock of its own.
 *
 * Methods may be called at any time; calls to backends are serialized.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #controllers: readonly BackendController[];
  readonly #serial = new SerialQueue();
  #evaluator: RuleEvaluator;
  #nextEvaluator: RuleEvaluator;
  readonly #gate = new TickGate();
  readonly #changes = new ChangeList();
  #planNumbers: readonly PlanNumbers[] = [];
  #slices: readonly SliceQuota[] = [];
  readonly #forecaster = new Forecaster();
  readonly #scarcity = new Scarcity();
  readonly #sampler: Sampler | undefined;
  readonly #entryCheck: EntryCheck | undefined;
  /** Number of the last reading whose removed flows' entries are marked for removal. */
  #markedReading = -1;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { verifier, lookup, clock } = options;
    this.#sampler = verifier === undefined ? undefined : new Sampler({ verifier, clock });
    this.#entryCheck = lookup === undefined ? undefined : new EntryCheck(lookup);
    this.#evaluator = options.evaluator;
    this.#nextEvaluator = options.evaluator;
    this.#controllers = options.backends.map(
      (backend) => new BackendController(backend, options, this.#changes),
    );
  }

  /** Marks a backend as started: it is used from now on (`backendsComeUp`). */
  backendUp(backend: OffloadBackend): void {
    for (const controller of this.#controllers)
      if (controller.backend === backend) controller.markStarted();
  }

  /**
   * What is known about the entries of a backend, which decides whether its lease may be renewed;
   * undefined if the engine does not have the backend.
   */
  verificationOf(backend: OffloadBackend): Verification | undefined {
    return this.#controllers.find((controller) => controller.backend === backend)?.verification;
  }

  /**
   * Verifies backends without entries as of now, without a reading: nothing can differ from the
   * vSwitch. Call it only while no tick is in progress: the entries that a tick installs are
   * verified as of its reading.
   */
  verifyEmpty(): void {
    for (const controller of this.#controllers) if (controller.up) controller.verifyEmpty();
  }

  /** True while all flows are held on the vSwitch. */
  get held(): boolean {
    return this.#gate.held;
  }

  /** Evaluator of the last decision: `decision.rule` is 1 + an index into its rules. */
  get evaluator(): RuleEvaluator {
    return this.#evaluator;
  }

  /**
   * Replaces the rules from the next tick on. The engine disposes the evaluator when it is replaced
   * in turn, and at {@link close}.
   */
  useRules(evaluator: RuleEvaluator): void {
    const pending = this.#nextEvaluator;
    this.#nextEvaluator = evaluator;
    // It was replaced before a tick used it.
    if (pending !== this.#evaluator && pending !== evaluator) pending[Symbol.dispose]();
  }

  /**
   * Decides one tick and applies the decision. The report lists failed backends; placements are what
   * a backend confirmed, and the next tick tries again.
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
      plans: this.#planNumbers,
      samples: this.#sampler?.counts,
      changes: this.#changes.takeChanges(),
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
   * Holds all flows on the vSwitch until {@link resume}, from the next tick on: the hold of an
   * earlier daemon.
   */
  hold(): void {
    this.#gate.hold();
    for (const { verification } of this.#controllers) verification.announceWithdrawal();
  }

  /**
   * The panic button: moves all flows back to the vSwitch immediately, and holds them there until
   * {@link resume}. Resolves to the number of entries removed.
   *
   * The leases end first, without waiting for running calls: packets leave the entries even while a
   * backend is busy or cannot delete them.
   *
   * @throws {BackendsFailed} when a backend fails; the hold starts nevertheless, and each tick tries
   *   again
   */
  async onloadAll(table: FlowTable): Promise<number> {
    this.hold();
    const up = this.#controllers.filter((controller) => controller.up);
    // A failure leaves the lease as it is: it is not renewed, and the entries are removed below.
    await Promise.allSettled(up.map(({ backend }) => backend.endLease()));
    return this.#serial.run(async () => {
      let entries = 0;
      const failures = await this.#forEachBackend(async (controller) => {
        entries += await controller.withdrawAll(table);
      });
      if (failures.length > 0) throw new BackendsFailed('withdrawing all entries', failures);
      return entries;
    });
  }

  /** Ends the hold of {@link onloadAll}. */
  resume(): void {
    this.#gate.resume();
  }

  /**
   * Passes changed ports to the backends before the next decision. Resolves to the number of entries
   * removed for them.
   *
   * @throws {BackendsFailed} when a backend fails
   */
  async portsChanged(ports: PortSnapshot, table: FlowTable): Promise<number> {
    // Until their entries are removed, no lease is renewed.
    const applied = new Map(
      this.#controllers.map((controller) => [controller, controller.verification.announcePorts()]),
    );
    return this.#serial.run(async () => {
      let lost = 0;
      this.#gate.portsChanged(ports);
      const failures = await this.#forEachBackend(async (controller) => {
        lost += await controller.portsChanged(ports, table);
        applied.get(controller)?.();
      });
      if (failures.length > 0) throw new BackendsFailed('updating ports', failures);
      return lost;
    });
  }

  /**
   * Compares one installed entry with what the vSwitch would do with its flow now. An entry that
   * does something else, and still does at a second look, is removed, and its flow is held on the
   * vSwitch for a while. Resolves to undefined if there is nothing to sample.
   *
   * @throws {BackendsFailed} when the entry could not be removed; the next audit finds it
   */
  async sample(table: FlowTable, signal: AbortSignal): Promise<Sample | undefined> {
    const sampler = this.#sampler;
    const sample = await sampler?.sample(table, signal);
    if (sampler === undefined || sample?.result !== 'different') return sample;
    await this.#serial.run(async () => {
      // A tick may have changed it while this call waited.
      if (!sampler.isCurrent(table, sample)) return;
      const { row, detail } = sample;
      const failures = await this.#forEachBackend(async (controller) => {
        if (table.decision.placement[row] !== controller.reconciler.placement) return;
        await controller.removeMismatch(table, row, detail, signal);
      });
      if (failures.length > 0) throw new BackendsFailed('removing a wrong entry', failures);
    });
    return sample;
  }

  /**
   * Compares each installed entry with its flow, read alone: between two readings, and cheaper where
   * there are many flows and few entries. An entry whose flow is gone or has changed is removed at
   * once. When every entry of a backend has been compared, and none is left that differs, the
   * backend is verified as of the first request.
   *
   * Call it only while changes of ports are reported. It verifies nothing while a reading has been
   * completed but not handled. Resolves to undefined without a {@link FlowLookup}.
   *
   * Rejects when the vSwitch does not answer; entries found to differ until then are removed.
   *
   * @throws {BackendsFailed} when an entry could not be removed; the next audit finds it
   */
  async checkEntries(table: FlowTable, signal: AbortSignal): Promise<EntryCheckReport | undefined> {
    const check = this.#entryCheck;
    if (check === undefined) return undefined;
    const askedAtMs = this.#options.clock.now();
    if (table.readings !== this.#markedReading) return NOTHING_CHECKED;
    check.begin(table);
    try {
      await check.compareAll(signal);
    } finally {
      if (!signal.aborted) await this.#serial.run(() => this.#removeOutdated(check, table, signal));
    }
    return this.#serial.run(() => {
      let complete = table.readings === this.#markedReading;
      for (const controller of this.#controllers) {
        if (!controller.up || !complete) continue;
        if (check.coversAll(controller.reconciler.placement))
          controller.recordEntryCheck(askedAtMs);
        else complete = false;
      }
      return { ...check.counts, complete };
    });
  }

  /**
   * Closes the backends after pending calls have finished, and disposes the rules; the engine must
   * not be used afterwards.
   *
   * @throws {BackendsFailed} when a backend fails to close; the others are closed
   */
  async close(how: 'withdraw' | 'keep'): Promise<void> {
    await this.#serial.run(async () => {
      this.#evaluator[Symbol.dispose]();
      this.#nextEvaluator[Symbol.dispose]();
      const failures = await this.#forEachBackend((controller) => controller.backend.close(how));
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
    const nowMs = this.#options.clock.now();
    const mismatch = this.#controllers
      .map((c) => c.reconciler.mismatchOf(row, nowMs))
      .find((found) => found !== undefined);
    const unused = this.#controllers
      .map((c) => c.unusedEntryOf(tick.table, row))
      .find((verdict) => verdict !== undefined);
    return { row, refusal, mismatch, unused, plans: this.#planNumbers, rules };
  }

  async #enforce(tick: Tick, totals: TickTotals, signal: AbortSignal): Promise<Permission> {
    const { table } = tick;
    this.#options.onStage?.('enforce');
    const permission = this.#gate.open(tick);
    beginReasons(table.decision);
    // Before any call to a backend, which may fail: no later reading has these flows.
    if (permission.may !== 'nothing') {
      for (const controller of this.#controllers) controller.markRemoved(table);
      this.#markedReading = table.readings;
    }
    const failures = await this.#forEachBackend(async (controller) => {
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

  async #evaluate(tick: Tick, signal: AbortSignal): Promise<EvaluationReport> {
    this.#options.onStage?.('evaluate');
    this.#replaceEvaluator();
    this.#scarcity.update(tick.node, tick.ports, tick.atMs);
    this.#forecaster.update(tick.table, this.#scarcity.bitShare);
    const context = ruleContext(tick, this.#controllers);
    const evaluation = await this.#evaluator.evaluate(tick.table, context, signal);
    this.#slices = evaluation.slices ?? [];
    return evaluation;
  }

  /** Puts the rules of {@link useRules} into force. No evaluation is running. */
  #replaceEvaluator(): void {
    const replaced = this.#evaluator;
    if (replaced === this.#nextEvaluator) return;
    this.#evaluator = this.#nextEvaluator;
    replaced[Symbol.dispose]();
  }

  /** Plans and applies the plans, unless the permission to move was revoked during the tick. */
  async #decide(tick: Tick, totals: TickTotals, signal: AbortSignal): Promise<Permission> {
    const { table } = tick;
    const { permission } = this.#gate;
    if (permission.may !== 'move') {
      explainGate(table, permission.why === 'held' ? 'held' : 'stale');
      return permission;
    }
    const served = this.#controllers.filter((c) => c.up).map((c) => c.reconciler.placement);
    explainRequests(table, new Set(served));
    const { clock, onStage } = this.#options;
    const numbers: PlanNumbers[] = [];
    const failures = await this.#forEachBackend(async (controller) => {
      const startedMs = clock.now();
      // The process was stopped since the flows were read; rules with a time-out of their own would
      // be in force for longer than the lease.
      if (startedMs - table.readAtMs >= controller.backend.capabilities().leaseMs) return;
      // What is installed must have been read after the verification that the lease is based on.
      if (table.readAtMs < controller.verification.verifiedAtMs) return;
      onStage?.('plan');
      const plan = controller.plan(table, this.#slices, tick.ports);
      const inputs = this.#inputsOf(tick, plan);
      const plannedMs = clock.now();
      onStage?.('apply');
      const applied = await controller.applyPlan(table, plan, inputs, signal);
      totals.stages.planMs += plannedMs - startedMs;
      totals.addPlan(controller, applied, clock.now() - plannedMs);
      numbers.push(planNumbers(controller, plan));
    });
    totals.failures.push(...failures);
    this.#planNumbers = numbers;
    return permission;
  }

  async #removeOutdated(check: EntryCheck, table: FlowTable, signal: AbortSignal): Promise<void> {
    const failures = await this.#forEachBackend(async (controller) => {
      const rows = check.outdated(controller.reconciler.placement);
      if (rows.length > 0) await controller.removeOutdated(table, rows, signal);
    });
    if (failures.length > 0) throw new BackendsFailed('removing outdated entries', failures);
  }

  /** By row, the facts behind the plan; read before the plan is applied and changes them. */
  #inputsOf(tick: Tick, plan: Plan): ReadonlyMap<number, readonly FactReading[]> {
    const inputs = new Map<number, readonly FactReading[]>();
    const max = this.#options.inputsPerPlan ?? 0;
    if (max === 0 || plan.withdraw.length + plan.install.length === 0) return inputs;
    const context = ruleContext(tick, this.#controllers);
    for (const row of [...plan.withdraw, ...plan.install].slice(0, max)) {
      inputs.set(row, this.#evaluator.inputs(tick.table, row, context));
    }
    return inputs;
  }

  #forEachBackend(
    task: (controller: BackendController) => Promise<void>,
  ): Promise<readonly BackendFailure[]> {
    return forEachBackend(this.#controllers, task);
  }
}
