import { PLACEMENT_NAMES } from '../../model/flow.ts';
import type { FactDefinition, FlowView } from '../fact.ts';
import { POSITIVE, WHOLE } from './ranges.ts';

/** Where a flow is, and whether it could be elsewhere. */
export const PLACEMENT_FACTS: readonly FactDefinition[] = [
  {
    name: 'placement',
    scope: 'flow',
    type: 'string',
    values: PLACEMENT_NAMES,
    description: 'Where the flow is now.',
    source: 'What the backends confirmed',
    example: '"onload"',
    read: (v) => PLACEMENT_NAMES[v.table.decision.placement[v.row]],
  },
  {
    name: 'placedMs',
    scope: 'flow',
    type: 'number',
    unit: 'ms',
    description: 'Time since it was put where it is; its age when it has never been moved.',
    range: POSITIVE,
    source: 'What the backends confirmed',
    example: '5000',
    read: placedMs,
  },
  {
    name: 'refusals',
    scope: 'flow',
    type: 'number',
    range: WHOLE,
    description: 'Refusals of the backend in a row; 0 once it has taken the flow.',
    source: 'What the backends confirmed',
    example: '0',
    read: (v) => v.table.decision.refusals[v.row],
  },
  {
    name: 'offloadable',
    scope: 'flow',
    type: 'boolean',
    description:
      'False when its match or actions hold something only the vSwitch knows (recirculation, connection tracking, tunnels, sampling). True is no promise that the backend takes it.',
    source: 'Match and actions of the flow',
    example: 'true',
    read: (v) =>
      !v.match.opaque && v.table.actionsAt(v.row).every((action) => action.kind !== 'opaque'),
  },
  {
    name: 'vswitchOnly',
    scope: 'flow',
    type: 'strings',
    description:
      'What only the vSwitch knows of its match and actions, by name: why it is not offloadable; empty when it is.',
    source: 'Match and actions of the flow',
    example: '["recirc_id", "ct"]',
    read: vswitchOnly,
  },
];

function placedMs(v: FlowView): number {
  // A flow that was never moved has been placed "since minus infinity".
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
