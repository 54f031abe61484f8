import { pathOf, pathReasonOf } from '../engine/model/carriage.ts';
import { Placement, PLACEMENT_NAMES, REQUESTED_PLACEMENT_NAMES } from '../engine/model/flow.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import type { PortInfo, PortSnapshot } from '../engine/model/port.ts';
import { REASONS } from '../engine/model/reason.ts';
import type { RuleInfo } from '../engine/ports/rule-evaluator.ts';
import type { FlowView } from '../api/flow-views.ts';
import { describeActions, describeMatch } from './describe-flow.ts';

/** What a flow's view needs besides its row. */
export interface FlowContext {
  readonly table: FlowTable;
  readonly ports: PortSnapshot;
  readonly rules: readonly RuleInfo[];
  /** The slices that `decision.slice` refers to, from 1. */
  readonly slices: readonly { readonly name: string }[];
  readonly nowMs: number;
  /** True for rows with a connection; left out: all are megaflows. */
  readonly isConnection?: (row: number) => boolean;
}

/** The view of a live row. */
export function flowView(row: number, context: FlowContext): FlowView {
  const { table, nowMs } = context;
  const { traffic: t, rates: r, decision: d } = table;
  const match = table.matchAt(row);
  const outPorts = outPortsOf(table, row);
  const owner = ownerOf(match.inPort, outPorts, context.ports);
  const placedMs = nowMs - d.placedSinceMs[row];
  return {
    id: formatFlowId(table.idAt(row)),
    kind: context.isConnection?.(row) === true ? 'connection' : 'megaflow',
    match: describeMatch(match),
    actions: describeActions(table.actionsAt(row)),
    inPort: match.inPort,
    outPorts,
    slice: d.slice[row] === 0 ? null : (context.slices.at(d.slice[row] - 1)?.name ?? null),
    vm: owner?.vm ?? null,
    placement: PLACEMENT_NAMES[pathOf(table, row)],
    entry: d.placement[row] === Placement.onload ? null : PLACEMENT_NAMES[d.placement[row]],
    bitsPerSecond: r.bitsPerSecond[row],
    packetsPerSecond: r.packetsPerSecond[row],
    bytes: t.vswitchBytes[row] + t.carriedBytes[row],
    packets: t.vswitchPackets[row] + t.carriedPackets[row],
    vswitchBytes: t.vswitchBytes[row],
    carriedBytes: t.carriedBytes[row],
    ageMs: nowMs - t.firstSeenMs[row],
    idleMs: Math.max(0, nowMs - t.lastActiveMs[row]),
    placedMs: Number.isFinite(placedMs) ? placedMs : null,
    requested: REQUESTED_PLACEMENT_NAMES[d.requested[row]],
    score: d.score[row],
    rule: d.rule[row] === 0 ? null : (context.rules.at(d.rule[row] - 1)?.name ?? null),
    reason: REASONS[pathReasonOf(table, row)],
  };
}

/** Output ports of the row's flow, in order. */
export function outPortsOf(table: FlowTable, row: number): readonly string[] {
  return table.actionsAt(row).flatMap((a) => (a.kind === 'output' ? [a.port] : []));
}

/** The port that gives a flow its VM and slice: the input port, otherwise an output port. */
export function ownerOf(
  inPort: string,
  outPorts: readonly string[],
  ports: PortSnapshot,
): PortInfo | undefined {
  const owned = [inPort, ...outPorts].map((name) => ports.get(name));
  return owned.find((port) => port?.vm !== undefined || port?.slice !== undefined);
}
