import { Placement, RequestedPlacement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { ChangeCause } from '../model/placement-change.ts';
import { giveReason, type ReasonCode, ReasonStage, reasonIndex } from '../model/reason.ts';
import { isTransient, type Refusal } from '../model/refusal.ts';
import { SideTable } from '../model/side-table.ts';
import { backoffMs } from './backoff.ts';
import type { ChangeContext, ChangeList } from './change-list.ts';
import type { PendingDeletes } from './pending-deletes.ts';
import type { Sent } from './plan-run.ts';
import type { SupportCache } from './support-cache.ts';
import { flowIdOf } from './task.ts';

/** A placement with an entry in a backend. */
export type EntryPlacement = typeof Placement.offload | typeof Placement.fastPath;

/** Inputs of {@link Outcomes}. */
export interface OutcomesOptions {
  /** Placement that the backend serves. */
  readonly placement: EntryPlacement;
  readonly changes: ChangeList;
  readonly support: SupportCache;
  readonly pending: PendingDeletes;
}

const PLACED = reasonIndex('placed');
const INCUMBENT = reasonIndex('incumbent');
const UNSUPPORTED = reasonIndex('unsupported');
const REFUSED = reasonIndex('refused');

/** Causes of a removal that are also the reason why the flow is on the vSwitch. */
const ENFORCED = ['actions-changed', 'mismatch', 'carries-nothing'] as const;

/**
 * Records what a backend did with its operations: placements, installed versions, reasons, refusals
 * and backoffs of the flows, and removals that are still pending.
 */
export class Outcomes {
  readonly #placement: EntryPlacement;
  readonly #changes: ChangeList;
  readonly #support: SupportCache;
  readonly #pending: PendingDeletes;
  readonly #rows = new SideTable('flow');
  /** Last refusal of an entry; dropped when the backend accepts it. */
  readonly #refusals = this.#rows.sparse<Refusal>();

  constructor({ placement, changes, support, pending }: OutcomesOptions) {
    this.#placement = placement;
    this.#changes = changes;
    this.#support = support;
    this.#pending = pending;
  }

  /** The last refusal of the row's entry; undefined if the backend has accepted it since. */
  refusalOf(row: number): Refusal | undefined {
    return this.#refusals.values.get(row);
  }

  /** Records the result of a task. */
  record(context: ChangeContext, sent: Sent): void {
    this.#rows.follow(context.table);
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
      this.#pending.remove(id);
      this.#refusals.values.delete(row);
      d.refusals[row] = 0;
      d.installedVersion[row] = version;
      giveReason(d, row, stage, PLACED);
      this.#changes.recordPlacement(context, row, this.#placement, cause, plannedBy);
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
      this.#pending.add(id, cause);
      if (row >= 0) this.#refusals.values.set(row, result.refusal);
      return;
    }
    this.#pending.remove(id);
    if (row < 0) return;
    this.#refusals.values.delete(row);
    // The flow is placed elsewhere: only a superfluous entry was removed.
    if (table.decision.placement[row] !== this.#placement) return;
    if (cause === 'gone') {
      this.#changes.recordRemoval(context, row);
    } else if (isEnforced(cause)) {
      this.recordWithdrawn(context, row, cause, cause);
      // Not a planned move: no minimum hold time before it is placed again.
      if (cause === 'actions-changed') table.decision.placedSinceMs[row] = Number.NEGATIVE_INFINITY;
    } else {
      this.#changes.recordPlacement(context, row, Placement.onload, cause, plannedBy);
    }
  }

  /** Gives the row's flow the reason of a flow with an entry, instead of that of its removal. */
  keepEntry({ decision: d }: FlowTable, row: number): void {
    const unrequested = d.requested[row] === RequestedPlacement.none;
    giveReason(d, row, ReasonStage.operation, unrequested ? INCUMBENT : PLACED);
  }

  /** Records a flow that is back on the vSwitch without a plan; the change copies the reason. */
  recordWithdrawn(
    context: ChangeContext,
    row: number,
    cause: ChangeCause,
    reason: ReasonCode,
  ): void {
    giveReason(context.table.decision, row, ReasonStage.enforcement, reasonIndex(reason));
    this.#changes.recordPlacement(context, row, Placement.onload, cause);
  }
}

function isEnforced(cause: ChangeCause): cause is (typeof ENFORCED)[number] {
  return ENFORCED.some((enforced) => enforced === cause);
}
