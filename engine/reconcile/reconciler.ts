import type { FactReading } from '../model/fact-reading.ts';
import { Placement, type PlacementName } from '../model/flow.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { Refusal } from '../model/refusal.ts';
import type { Plan } from '../planner/plan.ts';
import type { OperationResult, OffloadBackend } from '../ports/offload-backend.ts';
import type { ChangeContext, ChangeList } from './change-list.ts';
import { type Mismatch, Mismatches } from './mismatches.ts';
import { type EntryPlacement, Outcomes } from './outcomes.ts';
import { PendingDeletes } from './pending-deletes.ts';
import { PlanRun, type Sent } from './plan-run.ts';
import { SupportCache } from './support-cache.ts';
import { adoption, deletion, flowIdOf, planTasks, type Task } from './task.ts';

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

/**
 * Keeps one backend consistent with the flow table: applies plans, removes entries that must not
 * stay, adopts entries that it finds, and retries what failed.
 *
 * `decision.placement` is what the backend confirmed, never what was only requested. Each change of
 * it goes through the {@link ChangeList}, with its cause.
 */
export class Reconciler {
  readonly #backend: OffloadBackend;
  readonly placement: EntryPlacement;
  readonly #changes: ChangeList;
  readonly #support: SupportCache;
  readonly #pending = new PendingDeletes();
  readonly #outcomes: Outcomes;
  readonly #mismatches = new Mismatches();

  constructor(backend: OffloadBackend, changes: ChangeList) {
    this.#backend = backend;
    this.#changes = changes;
    this.#support = new SupportCache(backend);
    this.placement = placementOf(backend.capabilities().placement);
    this.#outcomes = new Outcomes({
      placement: this.placement,
      changes,
      support: this.#support,
      pending: this.#pending,
    });
  }

  /** Number of entries whose removal is not confirmed yet. */
  get pendingDeletes(): number {
    return this.#pending.size;
  }

  /** The backend's last refusal for a row, if any. */
  refusalOf(row: number): Refusal | undefined {
    return this.#support.refusalOf(row) ?? this.#outcomes.refusalOf(row);
  }

  /** True if the backend can express the row's flow. */
  supports(table: FlowTable, row: number): boolean {
    return this.#support.supports(table, row);
  }

  /** Marks the entries of flows that left the vSwitch for removal. */
  markRemoved(table: FlowTable, nowMs: number): void {
    for (const row of table.removed) {
      if (table.decision.placement[row] !== this.placement) continue;
      this.#pending.add(table.idAt(row), 'gone');
      this.#changes.recordRemoval({ table, nowMs }, row);
    }
  }

  /**
   * Removes entries that must not stay, before any other decision: entries of flows that left the
   * vSwitch or whose actions changed, entries that other flows contradict, and entries whose removal
   * failed before.
   */
  async enforce(
    table: FlowTable,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const d = table.decision;
    const tasks: Task[] = [];
    for (const { id, cause } of this.#pending) {
      tasks.push(deletion(id, table.rowOf(id), cause));
    }
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (d.placement[row] !== this.placement) continue;
      if (d.installedVersion[row] === table.actionsVersionAt(row)) continue;
      tasks.push(deletion(table.idAt(row), row, 'actions-changed'));
    }
    const known = new Set(tasks.map(({ row }) => row));
    for (const id of this.#backend.contradicted?.(table) ?? []) {
      const row = table.rowOf(id);
      if (!known.has(row)) tasks.push(deletion(id, row, 'actions-changed'));
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
      record: (sent) => this.#outcomes.record(context, sent),
      keepEntry: (row) => this.#outcomes.keepEntry(table, row),
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
      this.#outcomes.recordWithdrawn({ table, nowMs }, row, 'audit', 'entry-lost');
    }
    const applied = await this.#apply({ table, nowMs }, tasks, signal);
    // An entry that could not be updated to the current flow must not stay.
    for (const { id, kind, result } of applied) {
      if (kind === 'put' && !result.ok) this.#pending.add(id, 'audit');
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
      this.#pending.remove(id);
      const row = table.rowOf(id);
      if (row < 0 || table.decision.placement[row] !== this.placement) continue;
      this.#outcomes.recordWithdrawn({ table, nowMs }, row, 'port', 'port-gone');
    }
  }

  /** Records that the backend removed all entries. */
  allWithdrawn(table: FlowTable, nowMs: number): void {
    this.#pending.clear();
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (table.decision.placement[row] !== this.placement) continue;
      this.#outcomes.recordWithdrawn({ table, nowMs }, row, 'panic', 'held');
    }
  }

  async #apply(
    context: ChangeContext,
    tasks: readonly Task[],
    signal: AbortSignal,
  ): Promise<readonly AppliedOperation[]> {
    const sent = await this.#send(context.table, tasks, signal);
    for (const done of sent) this.#outcomes.record(context, done);
    return sent.map(appliedOperation);
  }

  async #send(
    table: FlowTable,
    tasks: readonly Task[],
    signal: AbortSignal,
  ): Promise<readonly Sent[]> {
    if (tasks.length === 0) return [];
    // A new reading may change the table while the backend works: remember the versions sent.
    const versions = tasks.map(({ row }) => (row < 0 ? 0 : table.actionsVersionAt(row)));
    const operations = tasks.map(({ operation }) => operation);
    const results = await this.#backend.apply(operations, signal);
    return tasks.map((task, i) => ({ task, version: versions[i], result: results[i] }));
  }
}

function appliedOperation({ task, result }: Sent): AppliedOperation {
  return { id: flowIdOf(task), row: task.row, kind: task.operation.kind, result };
}

function placementOf(name: Exclude<PlacementName, 'onload'>): EntryPlacement {
  return name === 'offload' ? Placement.offload : Placement.fastPath;
}
