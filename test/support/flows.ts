import type { FlowActions } from '../../engine/model/action.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { FlowMatch } from '../../engine/model/match.ts';

/** A flow id with `n` as its last word. */
export function flowId(n: number): FlowId {
  return { w0: 0xfeed_0000, w1: 0, w2: 0, w3: n };
}

/** A match on the port `inPort` only. */
export function anyFrom(inPort: string): FlowMatch {
  return { inPort, fields: [], opaque: [] };
}

/** Actions that send packets to `port` unchanged. */
export function outputTo(port: string): FlowActions {
  return [{ kind: 'output', port }];
}

/** Counters of one flow in a reading. */
export interface Seen {
  readonly n: number;
  readonly packets?: number;
  readonly bytes?: number;
  readonly actions?: FlowActions;
}

/** Feeds a complete reading into the table. */
export function read(table: FlowTable, nowMs: number, flows: readonly Seen[]): void {
  table.begin(nowMs);
  for (const { n, packets = 0, bytes = 0, actions } of flows) {
    const id = flowId(n);
    let row = table.rowOf(id);
    if (row < 0) row = table.add(id, anyFrom('vm1'), actions ?? outputTo('vm2'));
    else if (actions !== undefined) table.setActions(row, actions);
    table.observe(row, packets, bytes, 0);
  }
  table.end();
}

/** Row of flow `n`; throws if it is not in the table. */
export function rowOf(table: FlowTable, n: number): number {
  const row = table.rowOf(flowId(n));
  if (row < 0) throw new Error(`flow ${n} is not in the table`);
  return row;
}
