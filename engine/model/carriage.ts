import { Placement } from './flow.ts';
import type { FlowTable } from './flow-table.ts';
import { reasonIndex } from './reason.ts';

const PLACED = reasonIndex('placed');
const INCUMBENT = reasonIndex('incumbent');
const UNUSED = reasonIndex('unused');

/**
 * Whether the backend has carried packets of the row's flow since the flow was placed. One without
 * counters cannot tell: its entries count as carrying.
 */
export function isCarried({ decision, traffic, rates }: FlowTable, row: number): boolean {
  const placement = decision.placement[row];
  return (
    placement !== Placement.onload &&
    (traffic.carriedPackets[row] > decision.carriedBefore[row] ||
      rates.counterDelaysMs[placement] === Number.POSITIVE_INFINITY)
  );
}

/**
 * The path that the flow's packets take: its placement, or the vSwitch until its entry has carried a
 * packet. This is what people and metrics are shown.
 */
export function pathOf(table: FlowTable, row: number): Placement {
  if (!isCarried(table, row)) return Placement.onload;
  return table.decision.placement[row] === Placement.offload
    ? Placement.offload
    : Placement.fastPath;
}

/** The index of the reason to show for {@link pathOf}: `unused` for an entry that carried nothing yet. */
export function pathReasonOf(table: FlowTable, row: number): number {
  const reason = table.decision.reason[row];
  const isAboutEntry = reason === PLACED || reason === INCUMBENT;
  if (!isAboutEntry || table.decision.placement[row] === Placement.onload) return reason;
  return isCarried(table, row) ? reason : UNUSED;
}
