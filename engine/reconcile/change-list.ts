import { Placement, PLACEMENT_NAMES } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { ChangeCause, PlacementChange, PlannedBy } from '../model/placement-change.ts';
import { REASONS } from '../model/reason.ts';

/** What is common to the changes that one call makes. */
export interface ChangeContext {
  readonly table: FlowTable;
  /** Clock, ms. */
  readonly nowMs: number;
}

/**
 * Changes where flows are, and keeps a list of the changes until it is taken: the only writer of
 * `decision.placement`.
 *
 * Bounded by the entries that backends have: without a tick that takes the list, entries are only
 * taken out or found.
 */
export class ChangeList {
  #changes: PlacementChange[] = [];

  /** Records where a live row's flow is now. Does nothing when it is there already. */
  place(
    { table, nowMs }: ChangeContext,
    row: number,
    placement: Placement,
    cause: ChangeCause,
    plannedBy?: PlannedBy,
  ): void {
    const d = table.decision;
    const from = d.placement[row];
    if (from === placement) return;
    d.placement[row] = placement;
    d.placedSinceMs[row] = nowMs;
    this.#changes.push({
      id: table.idAt(row),
      row,
      match: table.matchAt(row),
      from: PLACEMENT_NAMES[from],
      to: PLACEMENT_NAMES[placement],
      cause,
      atMs: nowMs,
      reason: REASONS[d.reason[row]].code,
      requested: d.requested[row],
      score: d.score[row],
      plannedBy,
    });
  }

  /** Records that a placed flow left the vSwitch; `row` is one of `table.removed`. */
  gone({ table, nowMs }: ChangeContext, row: number): void {
    const d = table.decision;
    const from = d.placement[row];
    if (from === Placement.onload) return;
    d.placement[row] = Placement.onload;
    this.#changes.push({
      id: table.idAt(row),
      row,
      match: table.matchAt(row),
      from: PLACEMENT_NAMES[from],
      to: 'gone',
      cause: 'gone',
      atMs: nowMs,
      reason: 'gone',
      requested: d.requested[row],
      score: d.score[row],
      plannedBy: undefined,
    });
  }

  /** Hands the changes over, in the order in which they came about, and begins a new list. */
  take(): readonly PlacementChange[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }
}
