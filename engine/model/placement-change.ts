import type { FactReading } from './fact-reading.ts';
import type { PlacementName } from './flow.ts';
import type { FlowId } from './flow-id.ts';
import type { FlowMatch } from './match.ts';
import type { ReasonCode } from './reason.ts';

/** What brought a change of placement about: each change has exactly one cause. */
export const CHANGE_CAUSES = [
  /** A rule requested it. */
  'policy',
  /** The entry went to a flow that is worth more, or that its slice's share entitles to it. */
  'displacement',
  /** The table, the slice or the fast path holds fewer entries than it had. */
  'capacity',
  /** The vSwitch changed what it does with the flow. */
  'actions-changed',
  /** The flow left the vSwitch. */
  'gone',
  /** A port changed or went, or the backend dropped the entry by itself. */
  'port',
  /** Everything was taken back to the vSwitch (onload-all). */
  'panic',
  /** An audit found an entry to adopt, or missed one that had been there. */
  'audit',
] as const;

/** Cause of a change of placement. A refusal is none: it leaves a flow where it is. */
export type ChangeCause = (typeof CHANGE_CAUSES)[number];

/** The causes for which a plan takes an entry out. */
export type WithdrawalCause = Extract<ChangeCause, 'policy' | 'displacement' | 'capacity'>;

/** Where a change of placement leads; `gone` when a placed flow left the vSwitch. */
export type Destination = PlacementName | 'gone';

/** What a plan went by when it asked for a change. */
export interface PlannedBy {
  /** 1 + index of the rule that spoke for the flow; 0 for none. */
  readonly rule: number;
  /** The facts that the rule looked at, as they were before the change; left out: too many changes. */
  readonly inputs?: readonly FactReading[] | undefined;
}

/**
 * One flow is no longer where it was. It goes from the vSwitch to a backend or back: a flow that
 * goes from one backend to another changes twice. Holds what was so at that moment, for the table
 * may have been read again since.
 */
export interface PlacementChange {
  readonly id: FlowId;
  /** The flow's row at that moment; another flow's when the table was read twice since. */
  readonly row: number;
  readonly match: FlowMatch;
  readonly from: PlacementName;
  readonly to: Destination;
  readonly cause: ChangeCause;
  /** When the backend was asked for it, or it was noticed, ms of the clock. */
  readonly atMs: number;
  readonly reason: ReasonCode | 'gone';
  /** What the rules asked for, a {@link RequestedPlacement}, and the flow's score. */
  readonly requested: number;
  readonly score: number;
  /** Undefined: no plan of this tick asked for it. */
  readonly plannedBy: PlannedBy | undefined;
}
