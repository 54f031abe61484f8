import { Placement, PLACEMENT_NAMES } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { ChangeCause, PlacementChange, PlannedBy } from '../model/placement-change.ts';
import { REASONS } from '../model/reason.ts';

/** Table and time of the changes of one call. */
export interface ChangeContext {
  readonly table: FlowTable;
  /** Clock, ms. */
  readonly nowMs: number;
}

/**
 * Changes the placements of flows, and lists the changes until the next report: the only writer of
 * `decision.placement`.
 *
 * Its length is bounded by the backends' entries, because between two reports entries are only
 * removed or found.
 */
export class ChangeList {
  #changes: PlacementChange[] = [];

  /** Sets the placement of a live row's flow. Does nothing if it is unchanged. */
  recordPlacement(
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
    d.carriedBefore[row] = table.traffic.carriedPackets[row];
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

  /** Records that a placed flow left the vSwitch; its row may still be live until the next reading. */
  recordRemoval({ table, nowMs }: ChangeContext, row: number): void {
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

  /** Returns the changes in order, and starts a new list. */
  takeChanges(): readonly PlacementChange[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }
}
