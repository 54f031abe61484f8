import type { FactReading } from '../model/fact-reading.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { RefusalCode } from '../model/refusal.ts';
import type { SliceQuota } from '../model/slice.ts';
import { LearnedCapacity } from '../planner/learned-capacity.ts';
import { limitsOf, type NodeBandwidth } from '../planner/limits.ts';
import type { Plan, PlannerOptions } from '../planner/plan.ts';
import { Planner } from '../planner/planner.ts';
import type { ThroughputLimit } from '../planner/throughput-limit.ts';
import type { Clock } from '../ports/clock.ts';
import type { OffloadBackend } from '../ports/offload-backend.ts';
import type { ChangeList } from '../reconcile/change-list.ts';
import { type AppliedOperation, Reconciler } from '../reconcile/reconciler.ts';
import type { Permission } from './tick-gate.ts';
import { errorMessage } from '../../text/error-message.ts';

/** What a {@link BackendController} needs. */
export interface BackendControllerOptions {
  readonly planner: PlannerOptions;
  /** What the NIC's ports give together; left out: the sum of their links. */
  readonly bandwidth?: NodeBandwidth;
  readonly clock: Clock;
  /** How often what is installed is compared with what is believed, ms. */
  readonly auditMs: number;
  /** True: a backend is asked only once it is told to be up. Otherwise all are from the start. */
  readonly backendsComeUp?: boolean;
}

/**
 * One backend and how it is held to the flow table. Controllers know nothing of each other, so a
 * backend that fails keeps no other from working.
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
  #audited = false;
  #auditDueMs = Number.NEGATIVE_INFINITY;
  #lastVerifiedAtMs = Number.NEGATIVE_INFINITY;
  #empty = false;

  /** @param changes takes down each change of placement */
  constructor(backend: OffloadBackend, options: BackendControllerOptions, changes: ChangeList) {
    this.backend = backend;
    this.reconciler = new Reconciler(backend, changes);
    this.planner = new Planner(options.planner);
    this.#bandwidth = options.bandwidth ?? {};
    this.#auditMs = options.auditMs;
    this.#clock = options.clock;
    this.#up = options.backendsComeUp !== true;
  }

  /** True once the backend has been started and can be asked. */
  get up(): boolean {
    return this.#up;
  }

  /** Tells that the backend has been started. */
  started(): void {
    this.#up = true;
  }

  /**
   * When all that is installed was last known to be true, ms of the clock: held against the
   * vSwitch's flows, with nothing left to be accepted out, and audited since the start.
   */
  get lastVerifiedAtMs(): number {
    return this.#lastVerifiedAtMs;
  }

  /** Entries that can be counted on, as far as is known. */
  get entries(): number {
    return this.#capacity.entries(this.backend.capacity().entries);
  }

  /** Plans for this backend. The plan is valid until the next one. */
  plan(table: FlowTable, slices: readonly SliceQuota[], ports: PortSnapshot): Plan {
    const { placement } = this.reconciler;
    const limits = this.#limitsAt(ports);
    const supports = (row: number): boolean => this.reconciler.supports(table, row);
    const tableBudget = { placement, entries: this.entries, slices, ports, limits, supports };
    return this.planner.plan(table, tableBudget, this.#clock.now());
  }

  /** Marks the entries of flows that left the vSwitch: they are accepted out whatever fails before. */
  markRemoved(table: FlowTable): void {
    this.reconciler.markRemoved(table, this.#clock.now());
  }

  /** Takes out what must not stay; audits when that is due and flows may be moved. */
  async enforce(
    table: FlowTable,
    permission: Permission,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    if (permission.may === 'nothing') return [];
    const { reconciler } = this;
    const nowMs = this.#clock.now();
    const applied = [...(await this.#orAudit(reconciler.enforce(table, nowMs, signal)))];
    if (permission.may === 'move' && nowMs >= this.#auditDueMs) {
      applied.push(...(await this.#orAudit(reconciler.audit(table, nowMs, signal))));
      this.#audited = true;
      this.#auditDueMs = nowMs + this.#auditMs;
    }
    if (this.#audited && reconciler.pendingDeletes === 0)
      this.#lastVerifiedAtMs = this.#clock.now();
    return applied;
  }

  /**
   * Carries out what a plan of this controller's planner says.
   *
   * @param inputs as in {@link Reconciler.carryOut}
   */
  async carryOut(
    table: FlowTable,
    plan: Plan,
    inputs: ReadonlyMap<number, readonly FactReading[]>,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    this.#empty = false;
    const nowMs = this.#clock.now();
    const applied = await this.#orAudit(
      this.reconciler.carryOut(table, plan, inputs, nowMs, signal),
    );
    const { entries, used } = this.backend.capacity();
    this.#capacity.recordInstalls({ ...installed(applied), used }, entries, nowMs);
    return applied;
  }

  /** Follows a change of ports. Resolves to the number of entries accepted out for it. */
  async portsChanged(ports: PortSnapshot, table: FlowTable): Promise<number> {
    const ids = await this.backend.portsChanged(ports);
    this.reconciler.portsChanged(table, ids, this.#clock.now());
    return ids.length;
  }

  /** Takes everything out. Resolves to the number of entries; does nothing when none is left. */
  async withdrawAll(table: FlowTable): Promise<number> {
    if (this.#empty) return 0;
    const entries = await this.backend.withdrawAll();
    this.reconciler.allWithdrawn(table, this.#clock.now());
    this.#empty = true;
    return entries;
  }

  #limitsAt(ports: PortSnapshot): readonly ThroughputLimit[] {
    if (ports !== this.#limitPorts) {
      this.#limitPorts = ports;
      this.#limits = limitsOf(this.backend.capabilities(), ports, this.#bandwidth);
    }
    return this.#limits;
  }

  /** After a failure nobody knows what took effect: it is looked at before anything is believed. */
  async #orAudit(
    operations: Promise<readonly AppliedOperation[]>,
  ): Promise<readonly AppliedOperation[]> {
    try {
      return await operations;
    } catch (error) {
      this.#auditDueMs = Number.NEGATIVE_INFINITY;
      this.#audited = false;
      throw error;
    }
  }
}

/** How many installations were accepted, and refused because there was no room. */
function installed(operations: readonly AppliedOperation[]): {
  readonly accepted: number;
  readonly refused: number;
} {
  let accepted = 0;
  let refused = 0;
  for (const { kind, result } of operations) {
    if (kind !== 'put') continue;
    if (result.ok) accepted++;
    else if (NO_ROOM.has(result.refusal.code)) refused++;
  }
  return { accepted, refused };
}

const NO_ROOM: ReadonlySet<RefusalCode> = new Set(['table-full', 'probe-depth']);

/** A backend that failed, and how. */
export interface BackendFailure {
  readonly backend: string;
  readonly error: unknown;
}

/** One or more backends could not do what they were asked. */
export class BackendsFailed extends Error {
  override readonly name = 'BackendsFailed';
  readonly failures: readonly BackendFailure[];

  constructor(what: string, failures: readonly BackendFailure[]) {
    const causes = failures.map(({ backend, error }) => `${backend}: ${errorMessage(error)}`);
    super(`${what} failed: ${causes.join('; ')}`);
    this.failures = failures;
  }
}

/** Runs a task for each backend that is up; one that fails does not stop the others. */
export async function onEach(
  controllers: readonly BackendController[],
  task: (controller: BackendController) => Promise<void>,
): Promise<readonly BackendFailure[]> {
  const failures: BackendFailure[] = [];
  for (const controller of controllers) {
    if (!controller.up) continue;
    try {
      await task(controller);
    } catch (error) {
      failures.push({ backend: controller.backend.name, error });
    }
  }
  return failures;
}
