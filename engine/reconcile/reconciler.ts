import { Placement, type PlacementName } from '../model/flow.ts';
import { type FlowId, formatFlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { type ReasonCode, reasonIndex } from '../model/reason.ts';
import { isTransient, type Refusal } from '../model/refusal.ts';
import { SideTable } from '../model/side-table.ts';
import type { Plan } from '../planner/plan.ts';
import type { Operation, OperationResult, OffloadBackend } from '../ports/offload-backend.ts';
import { backoffMs } from './backoff.ts';
import { SupportCache } from './support-cache.ts';

/** One move that was carried out or refused. */
export interface Move {
  readonly id: FlowId;
  readonly row: number;
  readonly kind: 'put' | 'delete';
  readonly result: OperationResult;
}

/**
 * Holds one backend to the flow table: carries plans out, takes out at once what must not stay,
 * adopts what it finds, and tries again what failed.
 *
 * `decision.placement` says what the backend confirmed, never what was hoped for.
 */
export class Reconciler {
  readonly #backend: OffloadBackend;
  readonly placement: typeof Placement.offload | typeof Placement.fastPath;
  /** Entries to be taken out until it is confirmed, by ufid; bounded by the backend's table. */
  readonly #pendingDeletes = new Map<string, FlowId>();
  readonly #rows = new SideTable('flow');
  /** Why the backend refused an entry; dropped when it takes it. */
  readonly #refusals = this.#rows.sparse<Refusal>();
  readonly #support: SupportCache;

  constructor(backend: OffloadBackend) {
    this.#backend = backend;
    this.#support = new SupportCache(backend);
    this.placement = placementOf(backend.capabilities().placement);
  }

  /** Entries that are still to be taken out. */
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

  /** Takes note of the flows that left the vSwitch: their entries have to be taken out. */
  markRemoved(table: FlowTable): void {
    for (const row of table.removed) {
      if (table.decision.placement[row] !== this.placement) continue;
      const id = table.idAt(row);
      this.#pendingDeletes.set(formatFlowId(id), id);
    }
  }

  /**
   * Takes out what must not stay, before anything else is decided: entries of flows that left the
   * vSwitch, entries whose flow's actions changed, and deletes that failed before.
   */
  async enforce(table: FlowTable, nowMs: number, signal: AbortSignal): Promise<readonly Move[]> {
    const d = table.decision;
    const operations: Operation[] = [...this.#pendingDeletes.values()].map((id) => ({
      kind: 'delete',
      id,
    }));
    const rows: number[] = [...this.#pendingDeletes.values()].map((id) => table.rowOf(id));
    const retried = rows.length;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (d.placement[row] !== this.placement) continue;
      if (d.installedVersion[row] === table.actionsVersionAt(row)) continue;
      operations.push({ kind: 'delete', id: table.idAt(row) });
      rows.push(row);
    }
    const moves = await this.#apply(table, operations, rows, nowMs, signal);
    for (const { row } of moves.slice(retried)) {
      // Not a move of ours: it may come back as soon as a rule asks for it.
      d.placedSinceMs[row] = Number.NEGATIVE_INFINITY;
      setReason(table, row, 'actions-changed');
    }
    return moves;
  }

  /** Carries a plan out: withdrawals first, so that their entries are free. */
  async carryOut(
    table: FlowTable,
    plan: Plan,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly Move[]> {
    const operations: Operation[] = [];
    const rows: number[] = [];
    for (const row of plan.withdraw) {
      operations.push({ kind: 'delete', id: table.idAt(row) });
      rows.push(row);
    }
    for (const row of plan.install) {
      operations.push({ kind: 'put', flow: table.specAt(row) });
      rows.push(row);
    }
    return this.#apply(table, operations, rows, nowMs, signal);
  }

  /**
   * Compares what is really installed with the table: adopts entries of live flows (put again,
   * which changes nothing when they are right), takes out those of nobody, and notices entries
   * that have vanished.
   */
  async audit(table: FlowTable, nowMs: number, signal: AbortSignal): Promise<readonly Move[]> {
    const d = table.decision;
    const installed = new Set<number>();
    const operations: Operation[] = [];
    const rows: number[] = [];
    await this.#backend.entries(
      {
        entry: (id) => {
          const row = table.rowOf(id);
          if (row >= 0) installed.add(row);
          if (row >= 0 && d.placement[row] === this.placement) return;
          operations.push(
            row >= 0 ? { kind: 'put', flow: table.specAt(row) } : { kind: 'delete', id },
          );
          rows.push(row);
        },
      },
      signal,
    );
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (d.placement[row] !== this.placement || installed.has(row)) continue;
      this.#setPlacement(table, row, Placement.onload, nowMs);
    }
    const moves = await this.#apply(table, operations, rows, nowMs, signal);
    // What could not be brought to what the flow is now must not stay as it was.
    for (const { id, kind, result } of moves) {
      if (kind === 'put' && !result.ok) this.#pendingDeletes.set(formatFlowId(id), id);
    }
    return moves;
  }

  /** Ports have changed; `ids` are the entries that the backend itself took out for it. */
  portsChanged(table: FlowTable, ids: readonly FlowId[], nowMs: number): void {
    this.#support.clear();
    for (const id of ids) {
      this.#pendingDeletes.delete(formatFlowId(id));
      const row = table.rowOf(id);
      if (row < 0) continue;
      this.#setPlacement(table, row, Placement.onload, nowMs);
      setReason(table, row, 'port-gone');
    }
  }

  /** Records that the backend took everything out. */
  allWithdrawn(table: FlowTable, nowMs: number): void {
    this.#pendingDeletes.clear();
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (table.decision.placement[row] === this.placement) {
        this.#setPlacement(table, row, Placement.onload, nowMs);
      }
    }
  }

  async #apply(
    table: FlowTable,
    operations: readonly Operation[],
    rows: readonly number[],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly Move[]> {
    if (operations.length === 0) return [];
    this.#rows.follow(table);
    // The table may be read anew while the backend works: remember which version was sent.
    const versions = rows.map((row) => (row < 0 ? 0 : table.actionsVersionAt(row)));
    const results = await this.#backend.apply(operations, signal);
    return operations.map((operation, i) => {
      const result = results[i];
      const row = rows[i];
      const id = operation.kind === 'put' ? operation.flow.id : operation.id;
      if (this.#pendingDeletes.size > 0 && operation.kind === 'put' && result.ok) {
        this.#pendingDeletes.delete(formatFlowId(id));
      }
      if (operation.kind === 'put') this.#putDone(table, row, versions[i], result, nowMs);
      else this.#deleteDone(table, row, id, result, nowMs);
      return { id, row, kind: operation.kind, result };
    });
  }

  #putDone(
    table: FlowTable,
    row: number,
    version: number,
    result: OperationResult,
    nowMs: number,
  ): void {
    const d = table.decision;
    if (result.ok) {
      this.#refusals.values.delete(row);
      d.refusals[row] = 0;
      d.installedVersion[row] = version;
      this.#setPlacement(table, row, this.placement, nowMs);
      setReason(table, row, 'placed');
      return;
    }
    this.#refusals.values.set(row, result.refusal);
    d.refusals[row] = Math.min(255, d.refusals[row] + 1);
    d.retryAtMs[row] = nowMs + backoffMs(d.refusals[row]);
    if (!isTransient(result.refusal.code)) {
      this.#support.deny(table, row, version, result.refusal);
      setReason(table, row, 'unsupported');
    } else {
      setReason(table, row, 'refused');
    }
  }

  #deleteDone(
    table: FlowTable,
    row: number,
    id: FlowId,
    result: OperationResult,
    nowMs: number,
  ): void {
    if (result.ok) {
      if (this.#pendingDeletes.size > 0) this.#pendingDeletes.delete(formatFlowId(id));
      if (row >= 0) {
        this.#refusals.values.delete(row);
        this.#setPlacement(table, row, Placement.onload, nowMs);
      }
    } else {
      this.#pendingDeletes.set(formatFlowId(id), id);
      if (row >= 0) this.#refusals.values.set(row, result.refusal);
    }
  }

  #setPlacement(table: FlowTable, row: number, placement: Placement, nowMs: number): void {
    const d = table.decision;
    if (d.placement[row] === placement) return;
    d.placement[row] = placement;
    d.placedSinceMs[row] = nowMs;
  }
}

function placementOf(name: Exclude<PlacementName, 'onload'>): Reconciler['placement'] {
  return name === 'offload' ? Placement.offload : Placement.fastPath;
}

function setReason(table: FlowTable, row: number, code: ReasonCode): void {
  table.decision.reason[row] = reasonIndex(code);
}
