import { Placement, RequestedPlacement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { giveReason, type ReasonCode, ReasonStage, reasonIndex } from '../model/reason.ts';

/** Gives every live flow the reason why the tick moves none. */
export function explainGate(table: FlowTable, code: 'stale' | 'held'): void {
  const reason = reasonIndex(code);
  for (let i = 0; i < table.count; i++) {
    giveReason(table.decision, table.rows[i], ReasonStage.gate, reason);
  }
}

/**
 * Gives flows that need no plan their reason, and flows that do `unseen`, which remains if their
 * planner fails.
 *
 * @param served placements that a backend serves now
 * @param rows left out: all live rows
 */
export function explainRequests(
  table: FlowTable,
  served: ReadonlySet<Placement>,
  rows: Int32Array = table.rows.subarray(0, table.count),
): void {
  const d = table.decision;
  const planned = (placement: Placement): ReasonCode =>
    served.has(placement) ? 'unseen' : 'no-backend';
  const byRequest: Record<RequestedPlacement, ReasonCode> = {
    [RequestedPlacement.none]: 'no-rule',
    [RequestedPlacement.offload]: planned(Placement.offload),
    [RequestedPlacement.onload]: 'rule-onload',
    [RequestedPlacement.fastPath]: planned(Placement.fastPath),
    [RequestedPlacement.slowPath]: 'rule-onload',
  };
  const reasons = Uint8Array.from(Object.values(byRequest), reasonIndex);
  for (const row of rows) giveReason(d, row, ReasonStage.request, reasons[d.requested[row]]);
}
