import type { FlowActions } from './action.ts';
import type { FlowId } from './flow-id.ts';
import type { FlowMatch } from './match.ts';

/** A datapath flow as a backend needs it: id, match and actions. */
export interface FlowSpec {
  readonly id: FlowId;
  readonly match: FlowMatch;
  readonly actions: FlowActions;
}

/** Where a flow's packets are processed. Values are stable: columns and recordings store them. */
export const Placement = { onload: 0, offload: 1, fastPath: 2 } as const;
export type Placement = (typeof Placement)[keyof typeof Placement];

/** Names of the placements as metrics and the CLI print them, indexed by {@link Placement}. */
export const PLACEMENT_NAMES = ['onload', 'offload', 'fast-path'] as const;
export type PlacementName = (typeof PLACEMENT_NAMES)[number];

/** What a rule requests for a flow. `none`: no rule decides, the flow stays where it is. */
export const RequestedPlacement = {
  none: 0,
  offload: 1,
  onload: 2,
  fastPath: 3,
  slowPath: 4,
} as const;
export type RequestedPlacement = (typeof RequestedPlacement)[keyof typeof RequestedPlacement];

/** Event types of rules, indexed by {@link RequestedPlacement}. */
export const REQUESTED_PLACEMENT_NAMES = [
  'none',
  'offload',
  'onload',
  'fast-path',
  'slow-path',
] as const;
