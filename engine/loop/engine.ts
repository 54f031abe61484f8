import { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { Arrivals, Tick } from '../model/tick.ts';
import type { Clock } from '../ports/clock.ts';
import type { FlowLookup } from '../ports/flow-lookup.ts';
import type { FlowVerifier } from '../ports/flow-verifier.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';
import type { EvaluationReport, RuleEvaluator } from '../ports/rule-evaluator.ts';
import { ChangeList } from '../reconcile/change-list.ts';
import { type ArrivalReport, isOutdated, NOT_DECIDED, NOTHING_TO_PLACE } from './arrival-report.ts';
import { BackendController, type BackendControllerOptions } from './backend-controller.ts';
import { BackendSet } from './backend-set.ts';
import type { EntryCheckReport } from './entry-check.ts';
import { EntryInspector } from './entry-inspector.ts';
import { PolicyStage } from './policy-stage.ts';
import { ruleContext } from './rule-context.ts';
import type { Sample } from './sampler.ts';
import { TickGate } from './tick-gate.ts';
import type { Explanation, TickReport } from './tick-report.ts';
import { TickStages, type TickStagesOptions } from './tick-stages.ts';
import { countPlacements, TickTotals } from './tick-totals.ts';
import { explainGate } from './unplanned-reasons.ts';
import type { Verification } from './verification.ts';

/** Settings of the engine. */
export interface EngineOptions extends BackendControllerOptions, TickStagesOptions {
  /** The engine disposes it when it is replaced, and at {@link Engine.close}. */
  readonly evaluator: RuleEvaluator;
  /** At most one for each placement. */
  readonly backends: readonly OffloadBackend[];
  /** Answers what the vSwitch would do with a flow now; left out: no samples are taken. */
  readonly verifier?: FlowVerifier;
  /** Reads single flows; left out: entries are compared with complete readings only. */
  readonly lookup?: FlowLookup;
}

/**
 * The core of the loop: for each tick it evaluates the rules, plans, and applies the plans to the
 * backends. It does all I/O through its ports, and has no timers and no clock of its own.
 *
 * Methods may be called at any time; calls to backends are serialized.
 */
export class Engine {
  readonly #clock: Clock;
  readonly #backends: BackendSet;
  readonly #policies: PolicyStage;
  readonly #inspector: EntryInspector;
  readonly #gate = new TickGate();
  readonly #changes = new ChangeList();
  readonly #stages: TickStages;
  /** Operations for new flows since the last report. */
  #unreported = new TickTotals();

  constructor(options: EngineOptions) {
    const { verifier, lookup, clock } = options;
    this.#clock = clock;
    const policies = new PolicyStage(options.evaluator);
    const backends = new BackendSet(
      options.backends.map((backend) => new BackendController(backend, options, this.#changes)),
    );
    this.#policies = policies;
    this.#backends = backends;
    this.#stages = new TickStages({ backends, policies, gate: this.#gate }, options);
    this.#inspector = new EntryInspector({ backends, clock, verifier, lookup });
  }

  /** Marks a backend as started: it is used from now on (`backendsComeUp`). */
  backendUp(backend: OffloadBackend): void {
    this.#backends.of(backend)?.markStarted();
  }

  /**
   * What is known about the entries of a backend, which decides whether its lease may be renewed;
   * undefined if the engine does not have the backend.
   */
  verificationOf(backend: OffloadBackend): Verification | undefined {
    return this.#backends.of(backend)?.verification;
  }

  /**
   * Verifies backends without entries as of now, without a reading: nothing can differ from the
   * vSwitch. Call it only while no tick is in progress: the entries that a tick installs are
   * verified as of its reading.
   */
  verifyEmpty(): void {
    for (const controller of this.#backends.up) controller.verifyEmpty();
  }

  /** True while all flows are held on the vSwitch. */
  get held(): boolean {
    return this.#gate.held;
  }

  /** Evaluator of the last decision: `decision.rule` is 1 + an index into its rules. */
  get evaluator(): RuleEvaluator {
    return this.#policies.evaluator;
  }

  /**
   * Replaces the rules from the next tick on. The engine disposes the evaluator when it is replaced
   * in turn, and at {@link close}.
   */
  useRules(evaluator: RuleEvaluator): void {
    this.#policies.useRules(evaluator);
  }

  /**
   * Decides one tick and applies the decision. The report lists failed backends; placements are what
   * a backend confirmed, and the next tick tries again.
   */
  async onTick(tick: Tick, signal: AbortSignal): Promise<TickReport> {
    const clock = this.#clock;
    const stages = this.#stages;
    const { table } = tick;
    const startedMs = clock.now();
    const totals = new TickTotals();
    let permission = await this.#backends.inTurn(() => stages.enforce(tick, totals, signal));
    totals.stages.enforceMs = clock.now() - startedMs;
    let evaluation: EvaluationReport | undefined;
    if (permission.may === 'move' || permission.may === 'evaluate') {
      evaluation = await stages.evaluate(tick, signal);
      totals.stages.rulesMs = evaluation.elapsedMs;
      permission = await this.#backends.inTurn(() => stages.decide(tick, totals, signal));
    } else {
      explainGate(table, 'stale');
    }
    const { failures } = totals;
    const operations = [...this.#unreported.operations, ...totals.operations];
    const batches = [...this.#unreported.batches, ...totals.batches];
    this.#unreported = new TickTotals();
    const endedAtMs = clock.now();
    return {
      tick,
      evaluation,
      slices: this.#policies.slices,
      bitShare: this.#policies.bitShare,
      plans: stages.planNumbers,
      samples: this.#inspector.samples,
      changes: this.#changes.takeChanges(),
      operations,
      failures,
      flows: countPlacements(table),
      held: this.#gate.held,
      permission,
      batches,
      stages: totals.stages,
      endedAtMs,
      elapsedMs: endedAtMs - startedMs,
    };
  }

  /**
   * Installs entries for new flows, as the rules and the planner have it for their first rates, and
   * moves no other flow unless its entry goes to one of them. The next report includes the operations.
   *
   * Call it only between two ticks. A failed backend does not stop the others.
   */
  async placeArrivals(arrivals: Arrivals, signal: AbortSignal): Promise<ArrivalReport> {
    const { table, rows, rated } = arrivals;
    const totals = new TickTotals();
    const isUnsafe =
      rows.some((row) => isOutdated(table, row)) || this.#backends.contradicts(table);
    if (isUnsafe) return NOT_DECIDED;
    if (rated.length === 0 || this.#gate.held) return NOTHING_TO_PLACE;
    const isDecided = await this.#stages.evaluateArrivals(arrivals, signal);
    if (!isDecided) return NOT_DECIDED;
    await this.#backends.inTurn(() => this.#stages.decideArrivals(arrivals, totals, signal));
    this.#unreported.operations.push(...totals.operations);
    this.#unreported.batches.push(...totals.batches);
    const placed = rated.filter((row) => table.decision.placement[row] !== Placement.onload).length;
    return { isDecided, placed, failures: totals.failures };
  }

  /**
   * Holds all flows on the vSwitch until {@link resume}, from the next tick on: the hold of an
   * earlier daemon.
   */
  hold(): void {
    this.#gate.hold();
    for (const { verification } of this.#backends.all) verification.announceWithdrawal();
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
    // A failure leaves the lease as it is: it is not renewed, and the entries are removed below.
    await Promise.allSettled(this.#backends.up.map(({ backend }) => backend.endLease()));
    return this.#backends.inTurn(async () => {
      let entries = 0;
      await this.#backends.requireEach('withdrawing all entries', async (controller) => {
        entries += await controller.withdrawAll(table);
      });
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
      this.#backends.all.map((controller) => [controller, controller.verification.announcePorts()]),
    );
    return this.#backends.inTurn(async () => {
      let lost = 0;
      this.#gate.portsChanged(ports);
      await this.#backends.requireEach('updating ports', async (controller) => {
        lost += await controller.portsChanged(ports, table);
        applied.get(controller)?.();
      });
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
  sample(table: FlowTable, signal: AbortSignal): Promise<Sample | undefined> {
    return this.#inspector.sample(table, signal);
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
  checkEntries(table: FlowTable, signal: AbortSignal): Promise<EntryCheckReport | undefined> {
    return this.#inspector.checkEntries(table, signal);
  }

  /**
   * Closes the backends after pending calls have finished, and disposes the rules; the engine must
   * not be used afterwards.
   *
   * @throws {BackendsFailed} when a backend fails to close; the others are closed
   */
  async close(how: 'withdraw' | 'keep'): Promise<void> {
    await this.#backends.inTurn(async () => {
      this.#policies[Symbol.dispose]();
      await this.#backends.requireEach('closing', ({ backend }) => backend.close(how));
    });
  }

  /** Why a live row's flow is where it is. */
  async explain(tick: Tick, row: number): Promise<Explanation> {
    const context = ruleContext(tick, this.#backends.all);
    const rules = await this.#policies.evaluator.explain(tick.table, row, context);
    const controllers = this.#backends.all;
    const nowMs = this.#clock.now();
    const refusal = firstOf(controllers, ({ reconciler }) => reconciler.refusalOf(row));
    const mismatch = firstOf(controllers, ({ reconciler }) => reconciler.mismatchOf(row, nowMs));
    const unused = firstOf(controllers, (controller) => controller.unusedEntryOf(tick.table, row));
    return { row, refusal, mismatch, unused, plans: this.#stages.planNumbers, rules };
  }
}

/** The first answer of a controller that has one. */
function firstOf<Answer>(
  controllers: readonly BackendController[],
  ask: (controller: BackendController) => Answer | undefined,
): Answer | undefined {
  for (const controller of controllers) {
    const answer = ask(controller);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
