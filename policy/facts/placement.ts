import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { FactDefinition, FlowView } from '../model/fact.ts';
import { FROM_FLOW, codeColumn, derived } from './columns.ts';
import { POSITIVE, WHOLE } from './ranges.ts';

/** Facts of a flow's placement and of whether it can be offloaded. */
export const PLACEMENT_FACTS: readonly FactDefinition[] = [
  {
    name: 'placement',
    scope: 'flow',
    type: 'string',
    description: 'Placement of the flow now.',
    source: 'What the backends confirmed',
    example: '"onload"',
    ...codeColumn((t) => t.decision.placement, PLACEMENT_NAMES),
  },
  {
    name: 'placedMs',
    scope: 'flow',
    type: 'number',
    unit: 'ms',
    description: 'Time since its last move; its age if it was never moved.',
    range: POSITIVE,
    source: 'What the backends confirmed',
    example: '5000',
    read: placedMs,
    column: derived(fillPlaced),
  },
  {
    name: 'refusals',
    scope: 'flow',
    type: 'number',
    range: WHOLE,
    description: 'Consecutive refusals of the backend; 0 after it accepted the flow.',
    source: 'What the backends confirmed',
    example: '0',
    read: (v) => v.table.decision.refusals[v.row],
    column: derived(fillRefusals),
  },
  {
    name: 'offloadable',
    scope: 'flow',
    type: 'boolean',
    description:
      'False when its match or actions need something that only the vSwitch can do (recirculation, connection tracking, tunnels, sampling). True does not guarantee that the backend accepts it.',
    source: 'Match and actions of the flow',
    example: 'true',
    read: (v) =>
      !v.match.opaque && v.table.actionsAt(v.row).every((action) => action.kind !== 'opaque'),
    column: FROM_FLOW,
  },
  {
    name: 'vswitchOnly',
    scope: 'flow',
    type: 'strings',
    description:
      'What only the vSwitch can do of its match and actions, by name: why it is not offloadable; empty if it is.',
    source: 'Match and actions of the flow',
    example: '["recirc_id", "ct"]',
    read: vswitchOnly,
    column: FROM_FLOW,
  },
];

function placedMs(v: FlowView): number {
  // placedSinceMs of a flow that was never moved is -Infinity.
  const since = Math.max(v.table.decision.placedSinceMs[v.row], v.table.traffic.firstSeenMs[v.row]);
  return v.context.nowMs - since;
}

function vswitchOnly(v: FlowView): readonly string[] {
  const match = v.table.matchAt(v.row).opaque.map((o) => o.name);
  const actions = v.table
    .actionsAt(v.row)
    .flatMap((a) => (a.kind === 'opaque' ? [/^\w*/.exec(a.text)?.[0] ?? ''] : []));
  return [...new Set([...match, ...actions])];
}

function fillPlaced(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { firstSeenMs } = view.table.traffic;
  const { placedSinceMs } = view.table.decision;
  const { nowMs } = view.context;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    into[row] = nowMs - Math.max(placedSinceMs[row], firstSeenMs[row]);
  }
}

function fillRefusals(
  view: FlowView,
  rows: Int32Array,
  from: number,
  to: number,
  into: Float64Array,
): void {
  const { refusals } = view.table.decision;
  for (let i = from; i < to; i++) into[rows[i]] = refusals[rows[i]];
}
