import type { FactReading } from './fact-reading.ts';
import type { PlacementName } from './flow.ts';
import type { FlowId } from './flow-id.ts';
import type { FlowMatch } from './match.ts';
import type { ReasonCode } from './reason.ts';

/** Causes of changes of placement; each change has exactly one. */
export const CHANGE_CAUSES = [
  /** A rule requested it. */
  'policy',
  /** The entry went to a flow that is worth more, or to which it is due by the slices' shares. */
  'displacement',
  /**
   * The table, the slice or the fast path can no longer hold the entry, or its port costs other
   * traffic more than its entries save.
   */
  'capacity',
  /** The vSwitch changed the actions of the flow, or other flows no longer permit its entry. */
  'actions-changed',
  /** The flow left the vSwitch. */
  'gone',
  /** A port changed or was removed, or the backend dropped the entry by itself. */
  'port',
  /** A sample found that the entry did something else than the vSwitch would. */
  'mismatch',
  /** The flow sent packets, and its entry carried none of them. */
  'carries-nothing',
  /** All flows were moved back to the vSwitch (onload-all). */
  'panic',
  /** An audit adopted an entry, or found that one was missing. */
  'audit',
] as const;

/** Cause of a change of placement. A refusal is not a cause, because it leaves a flow where it is. */
export type ChangeCause = (typeof CHANGE_CAUSES)[number];

/** Causes for which a plan removes an entry. */
export type WithdrawalCause = Extract<
  ChangeCause,
  'policy' | 'displacement' | 'capacity' | 'carries-nothing'
>;

/** Placement after a change; `gone` if a placed flow left the vSwitch. */
export type Destination = PlacementName | 'gone';

/** Rule and facts behind a planned change. */
export interface PlannedBy {
  /** 1 + index of the rule that decided the flow; 0 for none. */
  readonly rule: number;
  /** Facts that the rule read, as of before the change; left out beyond a number of changes. */
  readonly inputs?: readonly FactReading[] | undefined;
}

/**
 * A change of a flow's placement, from the vSwitch to a backend or back; a flow that moves from one
 * backend to another changes twice. Holds copies of the values at that moment, because later
 * readings change the table.
 */
export interface PlacementChange {
  readonly id: FlowId;
  /** The flow's row at that moment; after two more readings it may belong to another flow. */
  readonly row: number;
  readonly match: FlowMatch;
  readonly from: PlacementName;
  readonly to: Destination;
  readonly cause: ChangeCause;
  /** When it was requested from the backend, or noticed, ms of the clock. */
  readonly atMs: number;
  readonly reason: ReasonCode | 'gone';
  /** A {@link RequestedPlacement}, and the flow's score. */
  readonly requested: number;
  readonly score: number;
  /** Undefined if no plan of this tick requested it. */
  readonly plannedBy: PlannedBy | undefined;
}
