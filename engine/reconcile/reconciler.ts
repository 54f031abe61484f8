import type { FactReading } from '../model/fact-reading.ts';
import { Placement, type PlacementName, RequestedPlacement } from '../model/flow.ts';
import { type FlowId, formatFlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { ChangeCause } from '../model/placement-change.ts';
import { giveReason, ReasonStage, reasonIndex } from '../model/reason.ts';
import { isTransient, type Refusal } from '../model/refusal.ts';
import { SideTable } from '../model/side-table.ts';
import type { Plan } from '../planner/plan.ts';
import type { OperationResult, OffloadBackend } from '../ports/offload-backend.ts';
import { backoffMs } from './backoff.ts';
import type { ChangeContext, ChangeList } from './change-list.ts';
import { type Mismatch, Mismatches } from './mismatches.ts';
import { PlanRun, type Sent } from './plan-run.ts';
import { SupportCache } from './support-cache.ts';
import { adoption, deletion, planTasks, type Task } from './task.ts';

/** An operation that a backend applied or refused. */
export interface AppliedOperation {
  readonly id: FlowId;
  /** The flow's row; -1 when the flow is not in the table. */
  readonly row: number;
  readonly kind: 'put' | 'delete';
  readonly result: OperationResult;
}

/** A row whose entry must not stay, because its flow is not what it was installed for. */
export interface OutdatedEntry {
  readonly row: number;
  readonly cause: 'actions-changed' | 'gone';
}

/** An entry whose removal the backend has not confirmed yet. */
interface PendingDelete {
  readonly id: FlowId;
  readonly cause: ChangeCause;
}

const PLACED = reasonIndex('placed');
const INCUMBENT = reasonIndex('incumbent');
const UNSUPPORTED = reasonIndex('unsupported');
const REFUSED = reasonIndex('refused');
const HELD = reasonIndex('held');
const PORT_GONE = reasonIndex('port-gone');
const ENTRY_LOST = reasonIndex('entry-lost');
const ACTIONS_CHANGED = reasonIndex('actions-changed');
const MISMATCH = reasonIndex('mismatch');
const CARRIES_NOTHING = reasonIndex('carries-nothing');

/**
 * Keeps one backend consistent with the flow table: applies plans, removes entries that must not
 * stay, adopts entries that it finds, and retries what failed.
 *
 * `decision.placement` is what the backend confirmed, never what was only requested. Each change of
 * it goes through the {@link ChangeList}, with its cause.
 */
export class Reconciler {
  readonly #backend: OffloadBackend;
  readonly placement: typeof Placement.offload | typeof Placement.fastPath;
  readonly #changes: ChangeList;
  /** By ufid; bounded by the backend's table. */
  readonly #pendingDeletes = new Map<string, PendingDelete>();
  readonly #rows = new SideTable('flow');
  /** Last refusal of an entry; dropped when the backend accepts it. */
  readonly #refusals = this.#rows.sparse<Refusal>();
  readonly #support: SupportCache;
  readonly #mismatches = new Mismatches();

  constructor(backend: OffloadBackend, changes: ChangeList) {
    this.#backend = backend;
    this.#changes = changes;
    this.#support = new SupportCache(backend);
    this.placement = placementOf(backend.capabilities().placement);
  }

  /** Number of entries whose removal is not confirmed yet. */
  get pendingDeletes(): number {
    return this.#pendingDeletes.size;
  }

  /** The backend's last refusal for a row, if any. */
  refusalOf(row: number): Refusal | undefined {
    return this.#support.refusalOf(row) ?? this.#refusals.values.get(row);
  }

  /** True if the backend can express the row's flow. */
  supports(table: FlowTable, row: number): boolean {
    return this.#support.supports(table, row);
  }

  /** Marks the entries of flows that left the vSwitch for removal. */
  markRemoved(table: FlowTable, nowMs: number): void {
    for (const row of table.removed) {
      if (table.decision.placement[row] !== this.placement) continue;
      this.#scheduleDelete(table.idAt(row), 'gone');
      this.#changes.recordRemoval({ table, nowMs }, row);
    }
  }

  /**
   * Removes entries that must not stay, before any other decision: entries of flows that left the
   * vSwitch or whose actions changed, and entries whose removal failed before.
   */
  async enforce(
    table: FlowTable,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const d = table.decision;
    const tasks: Task[] = [];
    for (const { id, cause } of this.#pendingDeletes.values()) {
      tasks.push(deletion(id, table.rowOf(id), cause));
    }
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (d.placement[row] !== this.placement) continue;
      if (d.installedVersion[row] === table.actionsVersionAt(row)) continue;
      tasks.push(deletion(table.idAt(row), row, 'actions-changed'));
    }
    return this.#apply({ table, nowMs }, tasks, signal);
  }

  /** Removes the entries of `rows`, which carry nothing. */
  async release(
    table: FlowTable,
    rows: Int32Array,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const tasks = Array.from(rows, (row) => deletion(table.idAt(row), row, 'carries-nothing'));
    return this.#apply({ table, nowMs }, tasks, signal);
  }

  /**
   * Applies a plan. A flow whose entry was meant for a newcomer keeps it if the backend refuses the
   * newcomer, see {@link PlanRun}.
   *
   * @param free free entries of the backend
   * @param inputs as in {@link planTasks}
   */
  async applyPlan(
    table: FlowTable,
    plan: Plan,
    free: number,
    inputs: ReadonlyMap<number, readonly FactReading[]>,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const context = { table, nowMs };
    const applied: AppliedOperation[] = [];
    const run = new PlanRun({
      table,
      free,
      send: async (tasks) => {
        const sent = await this.#send(table, tasks, signal);
        for (const each of sent) applied.push(appliedOperation(each));
        return sent;
      },
      record: (sent) => this.#record(context, sent),
      keepEntry: (row) => this.#keepEntry(table, row),
    });
    await run.run(planTasks(table, plan, inputs));
    return applied;
  }

  /**
   * Compares the installed entries with the table: adopts entries of live flows (by another put,
   * which does not change correct entries), removes entries without a flow and of flows that are
   * placed elsewhere, and records entries that are missing.
   */
  async audit(
    table: FlowTable,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const d = table.decision;
    const installed = new Set<number>();
    const tasks: Task[] = [];
    await this.#backend.entries(
      {
        entry: (id) => {
          const row = table.rowOf(id);
          if (row >= 0) installed.add(row);
          if (row >= 0 && d.placement[row] === this.placement) return;
          tasks.push(
            row >= 0 && d.placement[row] === Placement.onload
              ? adoption(table, row)
              : deletion(id, row, 'audit'),
          );
        },
      },
      signal,
    );
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (d.placement[row] !== this.placement || installed.has(row)) continue;
      this.#recordWithdrawn({ table, nowMs }, row, 'audit', ENTRY_LOST);
    }
    const applied = await this.#apply({ table, nowMs }, tasks, signal);
    // An entry that could not be updated to the current flow must not stay.
    for (const { id, kind, result } of applied) {
      if (kind === 'put' && !result.ok) this.#scheduleDelete(id, 'audit');
    }
    return applied;
  }

  /**
   * Removes the entry of a row, because the vSwitch would do something else with its flow, and holds
   * the flow on the vSwitch for a while.
   *
   * @param detail what differs
   */
  async removeMismatch(
    table: FlowTable,
    row: number,
    detail: string,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    this.#mismatches.record(table, row, detail, nowMs);
    return this.#apply({ table, nowMs }, [deletion(table.idAt(row), row, 'mismatch')], signal);
  }

  /**
   * Removes the entries of rows whose flow was found to be gone or changed between two readings;
   * those that the backend does not delete are pending as in {@link enforce}.
   */
  async removeOutdated(
    table: FlowTable,
    rows: readonly OutdatedEntry[],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const tasks = rows.map(({ row, cause }) => deletion(table.idAt(row), row, cause));
    return this.#apply({ table, nowMs }, tasks, signal);
  }

  /** Why the row's flow is held on the vSwitch after a sample; undefined if it is not. */
  mismatchOf(row: number, nowMs: number): Mismatch | undefined {
    return this.#mismatches.of(row, nowMs);
  }

  /** Records that the backend removed the entries `ids` after a change of ports. */
  portsChanged(table: FlowTable, ids: readonly FlowId[], nowMs: number): void {
    this.#support.clear();
    for (const id of ids) {
      this.#pendingDeletes.delete(formatFlowId(id));
      const row = table.rowOf(id);
      if (row < 0 || table.decision.placement[row] !== this.placement) continue;
      this.#recordWithdrawn({ table, nowMs }, row, 'port', PORT_GONE);
    }
  }

  /** Records that the backend removed all entries. */
  allWithdrawn(table: FlowTable, nowMs: number): void {
    this.#pendingDeletes.clear();
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (table.decision.placement[row] !== this.placement) continue;
      this.#recordWithdrawn({ table, nowMs }, row, 'panic', HELD);
    }
  }

  async #apply(
    context: ChangeContext,
    tasks: readonly Task[],
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const sent = await this.#send(context.table, tasks, signal);
    for (const done of sent) this.#record(context, done);
    return sent.map(appliedOperation);
  }

  async #send(
    table: FlowTable,
    tasks: readonly Task[],
    signal: AbortSignal,
  ): Promise<readonly Sent[]> {
    if (tasks.length === 0) return [];
    this.#rows.follow(table);
    // A new reading may change the table while the backend works: remember the versions sent.
    const versions = tasks.map(({ row }) => (row < 0 ? 0 : table.actionsVersionAt(row)));
    const operations = tasks.map(({ operation }) => operation);
    const results = await this.#backend.apply(operations, signal);
    return tasks.map((task, i) => ({ task, version: versions[i], result: results[i] }));
  }

  #record(context: ChangeContext, sent: Sent): void {
    if (sent.task.operation.kind === 'put') this.#recordPut(context, sent);
    else this.#recordDelete(context, sent);
  }

  #recordPut(context: ChangeContext, { task, version, result }: Sent): void {
    const { table, nowMs } = context;
    const { row, cause, plannedBy } = task;
    const id = flowIdOf(task);
    const d = table.decision;
    const stage = plannedBy === undefined ? ReasonStage.enforcement : ReasonStage.operation;
    if (result.ok) {
      if (this.#pendingDeletes.size > 0) this.#pendingDeletes.delete(formatFlowId(id));
      this.#refusals.values.delete(row);
      d.refusals[row] = 0;
      d.installedVersion[row] = version;
      giveReason(d, row, stage, PLACED);
      this.#changes.recordPlacement(context, row, this.placement, cause, plannedBy);
      return;
    }
    this.#refusals.values.set(row, result.refusal);
    d.refusals[row] = Math.min(255, d.refusals[row] + 1);
    d.retryAtMs[row] = nowMs + backoffMs(d.refusals[row], result.refusal.code);
    const transient = isTransient(result.refusal.code);
    if (!transient) this.#support.deny(table, row, version, result.refusal);
    giveReason(d, row, stage, transient ? REFUSED : UNSUPPORTED);
  }

  #recordDelete(context: ChangeContext, { task, result }: Sent): void {
    const { table } = context;
    const { row, cause, plannedBy } = task;
    const id = flowIdOf(task);
    if (!result.ok) {
      this.#scheduleDelete(id, cause);
      if (row >= 0) this.#refusals.values.set(row, result.refusal);
      return;
    }
    if (this.#pendingDeletes.size > 0) this.#pendingDeletes.delete(formatFlowId(id));
    if (row < 0) return;
    this.#refusals.values.delete(row);
    // The flow is placed elsewhere: only a superfluous entry was removed.
    if (table.decision.placement[row] !== this.placement) return;
    if (cause === 'gone') {
      this.#changes.recordRemoval(context, row);
    } else if (cause === 'actions-changed') {
      this.#recordWithdrawn(context, row, cause, ACTIONS_CHANGED);
      // Not a planned move: no minimum hold time before it is placed again.
      table.decision.placedSinceMs[row] = Number.NEGATIVE_INFINITY;
    } else if (cause === 'mismatch') {
      this.#recordWithdrawn(context, row, cause, MISMATCH);
    } else if (cause === 'carries-nothing') {
      this.#recordWithdrawn(context, row, cause, CARRIES_NOTHING);
    } else {
      this.#changes.recordPlacement(context, row, Placement.onload, cause, plannedBy);
    }
  }

  /** Gives the row's flow the reason of a flow with an entry, instead of that of its removal. */
  #keepEntry({ decision: d }: FlowTable, row: number): void {
    const unrequested = d.requested[row] === RequestedPlacement.none;
    giveReason(d, row, ReasonStage.operation, unrequested ? INCUMBENT : PLACED);
  }

  /** Records a flow that is back on the vSwitch without a plan; the change copies the reason. */
  #recordWithdrawn(context: ChangeContext, row: number, cause: ChangeCause, reason: number): void {
    giveReason(context.table.decision, row, ReasonStage.enforcement, reason);
    this.#changes.recordPlacement(context, row, Placement.onload, cause);
  }

  #scheduleDelete(id: FlowId, cause: ChangeCause): void {
    this.#pendingDeletes.set(formatFlowId(id), { id, cause });
  }
}

function flowIdOf({ operation }: Task): FlowId {
  return operation.kind === 'put' ? operation.flow.id : operation.id;
}

function appliedOperation({ task, result }: Sent): AppliedOperation {
  return { id: flowIdOf(task), row: task.row, kind: task.operation.kind, result };
}

function placementOf(name: Exclude<PlacementName, 'onload'>): Reconciler['placement'] {
  return name === 'offload' ? Placement.offload : Placement.fastPath;
}
