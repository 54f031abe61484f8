import { Placement, RequestedPlacement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { type ReasonCode, reasonIndex } from '../model/reason.ts';

/** Gives every live row the same reason. */
export function fillReason(table: FlowTable, code: ReasonCode): void {
  const index = reasonIndex(code);
  for (let i = 0; i < table.count; i++) table.decision.reason[table.rows[i]] = index;
}

/**
 * Writes the reasons of the flows that no planner looks at; those of others stay `unseen`.
 *
 * @param served the placements that a backend serves now
 */
export function explainUnplanned(table: FlowTable, served: ReadonlySet<Placement>): void {
  const d = table.decision;
  const byRequest: Record<RequestedPlacement, number> = {
    [RequestedPlacement.none]: reasonIndex('no-rule'),
    [RequestedPlacement.offload]: reasonIndex(
      served.has(Placement.offload) ? 'unseen' : 'no-backend',
    ),
    [RequestedPlacement.onload]: reasonIndex('rule-onload'),
    [RequestedPlacement.fastPath]: reasonIndex(
      served.has(Placement.fastPath) ? 'unseen' : 'no-backend',
    ),
    [RequestedPlacement.slowPath]: reasonIndex('rule-onload'),
  };
  const unseen = reasonIndex('unseen');
  const reasons = new Uint8Array(Object.values(byRequest));
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    if (d.reason[row] === unseen) d.reason[row] = reasons[d.requested[row]];
  }
}
