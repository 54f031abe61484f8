import type { FactReading } from '../model/fact-reading.ts';
import { Placement, type PlacementName } from '../model/flow.ts';
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
import { SupportCache } from './support-cache.ts';
import { adoption, deletion, planTasks, type Task } from './task.ts';

/** An operation that a backend carried out or refused. */
export interface AppliedOperation {
  readonly id: FlowId;
  /** The flow's row; -1 when the flow is not in the table. */
  readonly row: number;
  readonly kind: 'put' | 'delete';
  readonly result: OperationResult;
}

/** An entry that is to be taken out until the backend confirms it. */
interface PendingDelete {
  readonly id: FlowId;
  readonly cause: ChangeCause;
}

const PLACED = reasonIndex('placed');
const UNSUPPORTED = reasonIndex('unsupported');
const REFUSED = reasonIndex('refused');
const HELD = reasonIndex('held');
const PORT_GONE = reasonIndex('port-gone');
const ENTRY_LOST = reasonIndex('entry-lost');
const ACTIONS_CHANGED = reasonIndex('actions-changed');

/**
 * Holds one backend to the flow table: carries plans out, takes out at once what must not stay,
 * adopts what it finds, and tries again what failed.
 *
 * `decision.placement` says what the backend confirmed, never what was hoped for. Each change of it
 * goes through the {@link ChangeList}, with its cause.
 */
export class Reconciler {
  readonly #backend: OffloadBackend;
  readonly placement: typeof Placement.offload | typeof Placement.fastPath;
  readonly #changes: ChangeList;
  /** By ufid; bounded by the backend's table. */
  readonly #pendingDeletes = new Map<string, PendingDelete>();
  readonly #rows = new SideTable('flow');
  /** Why the backend refused an entry; dropped when it takes it. */
  readonly #refusals = this.#rows.sparse<Refusal>();
  readonly #support: SupportCache;

  constructor(backend: OffloadBackend, changes: ChangeList) {
    this.#backend = backend;
    this.#changes = changes;
    this.#support = new SupportCache(backend);
    this.placement = placementOf(backend.capabilities().placement);
  }

  /** Number of entries that are still to be taken out. */
  get pendingDeletes(): number {
    return this.#pendingDeletes.size;
  }

  /** The backend's last no for a row, when there is one. */
  refusalOf(row: number): Refusal | undefined {
    return this.#support.refusalOf(row) ?? this.#refusals.values.get(row);
  }

  /** Whether the backend could express the row's flow. */
  supports(table: FlowTable, row: number): boolean {
    return this.#support.supports(table, row);
  }

  /** Marks the entries of flows that left the vSwitch: they have to be taken out. */
  markRemoved(table: FlowTable, nowMs: number): void {
    for (const row of table.removed) {
      if (table.decision.placement[row] !== this.placement) continue;
      this.#deleteLater(table.idAt(row), 'gone');
      this.#changes.gone({ table, nowMs }, row);
    }
  }

  /**
   * Takes out what must not stay, before anything else is decided: entries of flows that left the
   * vSwitch, entries whose flow's actions changed, and deletes that failed before.
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

  /**
   * Carries a plan out.
   *
   * @param inputs as in {@link planTasks}
   */
  async carryOut(
    table: FlowTable,
    plan: Plan,
    inputs: ReadonlyMap<number, readonly FactReading[]>,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    return this.#apply({ table, nowMs }, planTasks(table, plan, inputs), signal);
  }

  /**
   * Compares what is really installed with the table: adopts entries of live flows (put again,
   * which changes nothing when they are right), takes out those of no flow and of flows that are
   * placed elsewhere, and notices entries that have vanished.
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
      this.#withdrawn({ table, nowMs }, row, 'audit', ENTRY_LOST);
    }
    const applied = await this.#apply({ table, nowMs }, tasks, signal);
    // What could not be brought to what the flow is now must not stay as it was.
    for (const { id, kind, result } of applied) {
      if (kind === 'put' && !result.ok) this.#deleteLater(id, 'audit');
    }
    return applied;
  }

  /** Ports have changed; `ids` are the entries that the backend itself took out for it. */
  portsChanged(table: FlowTable, ids: readonly FlowId[], nowMs: number): void {
    this.#support.clear();
    for (const id of ids) {
      this.#pendingDeletes.delete(formatFlowId(id));
      const row = table.rowOf(id);
      if (row < 0 || table.decision.placement[row] !== this.placement) continue;
      this.#withdrawn({ table, nowMs }, row, 'port', PORT_GONE);
    }
  }

  /** Records that the backend took everything out. */
  allWithdrawn(table: FlowTable, nowMs: number): void {
    this.#pendingDeletes.clear();
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (table.decision.placement[row] !== this.placement) continue;
      this.#withdrawn({ table, nowMs }, row, 'panic', HELD);
    }
  }

  async #apply(
    context: ChangeContext,
    tasks: readonly Task[],
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    if (tasks.length === 0) return [];
    const { table } = context;
    this.#rows.follow(table);
    // The table may be read anew while the backend works: remember which version was sent.
    const versions = tasks.map(({ row }) => (row < 0 ? 0 : table.actionsVersionAt(row)));
    const operations = tasks.map(({ operation }) => operation);
    const results = await this.#backend.apply(operations, signal);
    return tasks.map((task, i) => {
      const { operation, row } = task;
      const result = results[i];
      const id = operation.kind === 'put' ? operation.flow.id : operation.id;
      if (operation.kind === 'put') this.#putDone(context, task, id, versions[i], result);
      else this.#deleteDone(context, task, id, result);
      return { id, row, kind: operation.kind, result };
    });
  }

  #putDone(
    context: ChangeContext,
    task: Task,
    id: FlowId,
    version: number,
    result: OperationResult,
  ): void {
    const { table, nowMs } = context;
    const { row, cause, plannedBy } = task;
    const d = table.decision;
    const stage = plannedBy === undefined ? ReasonStage.enforcement : ReasonStage.operation;
    if (result.ok) {
      if (this.#pendingDeletes.size > 0) this.#pendingDeletes.delete(formatFlowId(id));
      this.#refusals.values.delete(row);
      d.refusals[row] = 0;
      d.installedVersion[row] = version;
      giveReason(d, row, stage, PLACED);
      this.#changes.place(context, row, this.placement, cause, plannedBy);
      return;
    }
    this.#refusals.values.set(row, result.refusal);
    d.refusals[row] = Math.min(255, d.refusals[row] + 1);
    d.retryAtMs[row] = nowMs + backoffMs(d.refusals[row]);
    const transient = isTransient(result.refusal.code);
    if (!transient) this.#support.deny(table, row, version, result.refusal);
    giveReason(d, row, stage, transient ? REFUSED : UNSUPPORTED);
  }

  #deleteDone(context: ChangeContext, task: Task, id: FlowId, result: OperationResult): void {
    const { table } = context;
    const { row, cause, plannedBy } = task;
    if (!result.ok) {
      this.#deleteLater(id, cause);
      if (row >= 0) this.#refusals.values.set(row, result.refusal);
      return;
    }
    if (this.#pendingDeletes.size > 0) this.#pendingDeletes.delete(formatFlowId(id));
    if (row < 0) return;
    this.#refusals.values.delete(row);
    // Not where this backend put it: an entry too many was taken out, and the flow stays.
    if (table.decision.placement[row] !== this.placement) return;
    if (cause === 'actions-changed') {
      this.#withdrawn(context, row, cause, ACTIONS_CHANGED);
      // Not a move of ours: it may come back as soon as a rule asks for it.
      table.decision.placedSinceMs[row] = Number.NEGATIVE_INFINITY;
    } else {
      this.#changes.place(context, row, Placement.onload, cause, plannedBy);
    }
  }

  /** A flow is back on the vSwitch without a plan: the reason says so, and then the change. */
  #withdrawn(context: ChangeContext, row: number, cause: ChangeCause, reason: number): void {
    giveReason(context.table.decision, row, ReasonStage.enforcement, reason);
    this.#changes.place(context, row, Placement.onload, cause);
  }

  #deleteLater(id: FlowId, cause: ChangeCause): void {
    this.#pendingDeletes.set(formatFlowId(id), { id, cause });
  }
}

function placementOf(name: Exclude<PlacementName, 'onload'>): Reconciler['placement'] {
  return name === 'offload' ? Placement.offload : Placement.fastPath;
}
