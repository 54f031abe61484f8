import type { FactReading } from '../model/fact-reading.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { ReasonCode } from '../model/reason.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { Tick } from '../model/tick.ts';
import { requestsEntry } from '../planner/contenders.ts';
import { InputGate, type InputUse } from '../planner/input-gate.ts';
import { LearnedCapacity } from '../planner/learned-capacity.ts';
import { limitsOf, type NodeBandwidth } from '../planner/limits.ts';
import type { Plan, PlannerOptions } from '../planner/plan.ts';
import { Planner } from '../planner/planner.ts';
import type { ThroughputLimit } from '../planner/throughput-limit.ts';
import type { Clock } from '../ports/clock.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';
import type { ChangeList } from '../reconcile/change-list.ts';
import { type AppliedOperation, type OutdatedEntry, Reconciler } from '../reconcile/reconciler.ts';
import { summarizeInstalls } from './install-summary.ts';
import type { Permission } from './tick-gate.ts';
import { type UnusedEntry, UnusedEntries } from './unused-entries.ts';
import { Verification } from './verification.ts';

/** Settings of a {@link BackendController}. */
export interface BackendControllerOptions {
  readonly planner: PlannerOptions;
  /** Throughput of all NIC ports together; left out: the sum of their links. */
  readonly bandwidth?: NodeBandwidth;
  readonly clock: Clock;
  /** Period of audits, which compare the installed entries with the recorded ones, ms. */
  readonly auditMs: number;
  /** True: a backend is used only after {@link BackendController.markStarted}; left out: from the start. */
  readonly backendsComeUp?: boolean;
}

/**
 * Keeps one backend consistent with the flow table. Controllers are independent of each other, so
 * that a failing backend does not affect the others.
 */
export class BackendController {
  readonly backend: OffloadBackend;
  readonly reconciler: Reconciler;
  readonly planner: Planner;
  readonly #capacity = new LearnedCapacity();
  readonly #bandwidth: NodeBandwidth;
  #limits: readonly ThroughputLimit[] = [];
  #limitPorts: PortSnapshot | undefined;
  readonly #clock: Clock;
  readonly #auditMs: number;
  #up: boolean;
  #auditDueMs = Number.NEGATIVE_INFINITY;
  #empty = false;
  /** Decides whether the backend's lease may be renewed. */
  readonly verification: Verification;
  readonly #unused: UnusedEntries;
  readonly #gate = new InputGate();

  /** @param changes records each change of placement */
  constructor(backend: OffloadBackend, options: BackendControllerOptions, changes: ChangeList) {
    this.backend = backend;
    this.reconciler = new Reconciler(backend, changes);
    this.#unused = new UnusedEntries(backend, this.reconciler.placement);
    this.verification = new Verification(backend.capabilities().leaseMs);
    this.planner = new Planner(options.planner);
    this.#bandwidth = options.bandwidth ?? {};
    this.#auditMs = options.auditMs;
    this.#clock = options.clock;
    this.#up = options.backendsComeUp !== true;
  }

  /** True once the backend has started. */
  get up(): boolean {
    return this.#up;
  }

  /** Marks the backend as started: it is used from now on. */
  markStarted(): void {
    this.#up = true;
  }

  /** Learned entries. */
  get entries(): number {
    return this.#capacity.entries(this.backend.capacity().entries);
  }

  /** True while nothing is known that has to be removed first. */
  get isSettled(): boolean {
    const { audited, withdrawing } = this.verification;
    return audited && !withdrawing && this.reconciler.pendingDeletes === 0;
  }

  /** True if a rule requests an entry of this backend for the row's flow, which has none. */
  isRequested(table: FlowTable, row: number): boolean {
    return requestsEntry(table, row, this.reconciler.placement);
  }

  /**
   * Makes a plan for this backend, valid until the next one.
   *
   * @param newcomers as in {@link TableBudget}
   */
  plan(
    table: FlowTable,
    slices: readonly SliceQuota[],
    ports: PortSnapshot,
    newcomers?: ReadonlySet<number>,
  ): Plan {
    const { placement } = this.reconciler;
    const limits = this.#limitsAt(ports);
    const supports = (row: number): boolean => this.reconciler.supports(table, row);
    const nowMs = this.#clock.now();
    this.#unused.follow(table, ports);
    const isHeldDown = (row: number): boolean => this.#unused.isHeldDown(table, row, nowMs);
    const isCandidate = (row: number): boolean =>
      supports(row) &&
      table.decision.retryAtMs[row] <= nowMs &&
      this.reconciler.mismatchOf(row, nowMs) === undefined &&
      !isHeldDown(row);
    const inputs = this.backend.inputPorts?.() ?? [];
    this.#gate.weigh({ table, placement, inputs, nowMs, isCandidate });
    const obstacle = (row: number): ReasonCode | undefined => {
      if (this.reconciler.mismatchOf(row, nowMs) !== undefined) return 'mismatch';
      return isHeldDown(row) ? 'carries-nothing' : this.#gate.obstacle(table, row);
    };
    const { entries } = this;
    // One shape with and without newcomers, so that the planner's loops stay compiled.
    const budget = { placement, entries, slices, ports, limits, supports, obstacle, newcomers };
    return this.planner.plan(table, budget, nowMs);
  }

  /** What the ports by which flows can enter save and cost, as of the last plan. */
  inputUses(): readonly InputUse[] {
    return this.#gate.uses();
  }

  /** Marks the entries of flows that left the vSwitch for removal, even if an earlier step fails. */
  markRemoved(table: FlowTable): void {
    this.reconciler.markRemoved(table, this.#clock.now());
  }

  /**
   * Removes entries that must not stay; audits if that is due and flows may be moved.
   *
   * @param sightMs up to when `table` and its ports are known to describe the vSwitch, ms of the
   *   clock
   */
  async enforce(
    table: FlowTable,
    sightMs: number,
    permission: Permission,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    if (permission.may === 'nothing') return [];
    const { reconciler, verification } = this;
    const nowMs = this.#clock.now();
    let applied = await this.#auditOnFailure(reconciler.enforce(table, nowMs, signal));
    // An audit adopts entries: not on the basis of a reading older than the verification.
    const isNewest = table.readAtMs >= verification.verifiedAtMs;
    if (permission.may === 'move' && isNewest && nowMs >= this.#auditDueMs) {
      const audited = await this.#auditOnFailure(reconciler.audit(table, nowMs, signal));
      applied = [...applied, ...audited];
      verification.markAudited();
      this.#auditDueMs = nowMs + this.#auditMs;
    }
    verification.recordComparison(sightMs, reconciler.pendingDeletes);
    return applied;
  }

  /** Records that nothing can differ from the vSwitch, if the backend has no entries. */
  verifyEmpty(): void {
    const { reconciler, verification } = this;
    if (this.backend.capacity().used > 0) return;
    verification.recordComparison(this.#clock.now(), reconciler.pendingDeletes);
  }

  /** Removes entries that carry nothing while their flow sends, and holds their flows down. */
  async releaseUnused(tick: Tick, signal: AbortSignal): Promise<readonly AppliedOperation[]> {
    const { reconciler, verification } = this;
    const nowMs = this.#clock.now();
    const isVerified = reconciler.pendingDeletes === 0 && verification.basis(nowMs).renew;
    const rows = this.#unused.find(tick, isVerified, nowMs);
    return this.#auditOnFailure(reconciler.release(tick.table, rows, nowMs, signal));
  }

  /** Why the row's last entry was released for carrying nothing; undefined if it was not. */
  unusedEntryOf(table: FlowTable, row: number): UnusedEntry | undefined {
    return this.#unused.lastOf(table, row);
  }

  /**
   * Applies a plan of this controller's planner.
   *
   * @param inputs as in {@link Reconciler.applyPlan}
   */
  async applyPlan(
    table: FlowTable,
    plan: Plan,
    inputs: ReadonlyMap<number, readonly FactReading[]>,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    this.#empty = false;
    const nowMs = this.#clock.now();
    const free = this.entries - this.backend.capacity().used;
    const applied = await this.#auditOnFailure(
      this.reconciler.applyPlan(table, plan, free, inputs, nowMs, signal),
    );
    this.planner.chargeOperations(
      Math.max(0, applied.length - plan.withdraw.length - plan.install.length),
    );
    const { entries, used } = this.backend.capacity();
    this.#capacity.recordInstalls({ ...summarizeInstalls(applied), used }, entries, nowMs);
    return applied;
  }

  /** Removes the entry of a row that a sample found to be wrong; see {@link Reconciler.removeMismatch}. */
  removeMismatch(
    table: FlowTable,
    row: number,
    detail: string,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const nowMs = this.#clock.now();
    return this.#auditOnFailure(this.reconciler.removeMismatch(table, row, detail, nowMs, signal));
  }

  /** Removes entries whose flow is gone or has changed; see {@link Reconciler.removeOutdated}. */
  removeOutdated(
    table: FlowTable,
    rows: readonly OutdatedEntry[],
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const nowMs = this.#clock.now();
    return this.#auditOnFailure(this.reconciler.removeOutdated(table, rows, nowMs, signal));
  }

  /**
   * Records that all entries have been compared with their flows, each read alone.
   *
   * @param askedAtMs when the first of them was asked for
   */
  recordEntryCheck(askedAtMs: number): void {
    this.verification.recordComparison(askedAtMs, this.reconciler.pendingDeletes);
  }

  /** Passes changed ports to the backend. Resolves to the number of entries removed for them. */
  async portsChanged(ports: PortSnapshot, table: FlowTable): Promise<number> {
    const ids = await this.backend.portsChanged(ports);
    this.reconciler.portsChanged(table, ids, this.#clock.now());
    return ids.length;
  }

  /** Removes all entries and resolves to their number; does nothing if the backend is empty. */
  async withdrawAll(table: FlowTable): Promise<number> {
    let entries = 0;
    if (!this.#empty) {
      entries = await this.backend.withdrawAll();
      this.reconciler.allWithdrawn(table, this.#clock.now());
      this.#empty = true;
    }
    this.verification.recordWithdrawal();
    return entries;
  }

  #limitsAt(ports: PortSnapshot): readonly ThroughputLimit[] {
    if (ports !== this.#limitPorts) {
      this.#limitPorts = ports;
      this.#limits = limitsOf(this.backend.capabilities(), ports, this.#bandwidth);
    }
    return this.#limits;
  }

  /** Requires an audit after a failure, because it is unknown which operations took effect. */
  async #auditOnFailure(
    operations: Promise<readonly AppliedOperation[]>,
  ): Promise<readonly AppliedOperation[]> {
    try {
      return await operations;
    } catch (error) {
      this.#auditDueMs = Number.NEGATIVE_INFINITY;
      this.verification.markUnknown();
      throw error;
    }
  }
}
