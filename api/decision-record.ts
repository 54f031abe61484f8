import type { PlacementName } from '../engine/model/flow.ts';
import type { ChangeCause, Destination } from '../engine/model/placement-change.ts';
import type { ReasonCode } from '../engine/model/reason.ts';

/** One change of a flow's placement, with what led to it. Survives JSON. */
export interface DecisionRecord {
  /** Unique: when the daemon started, and a number that counts up. */
  readonly id: string;
  /** When it came about: wall clock, ISO 8601. */
  readonly time: string;
  /** Sequence number of the tick whose report has it. */
  readonly tick: number;
  /**
   * `shadow`: what a shadow policy would have done; nothing was moved, and `from` and `to` are
   * where the flow is and where it would go.
   */
  readonly mode: 'enforce' | 'shadow';
  /** ufid. */
  readonly flow: string;
  readonly match: string;
  readonly from: PlacementName;
  /** `gone`: the flow left the vSwitch, and its entry was taken out. */
  readonly to: Destination;
  /** What brought it about; null of a shadow's record. */
  readonly cause: ChangeCause | null;
  /** `policy/rule` that spoke; null: none, or it was not a rule that led to it. */
  readonly rule: string | null;
  /** Policy of the rule, and hash of its text. */
  readonly policy: string | null;
  readonly revision: string | null;
  /** What the rule asked for, and how much the flow was worth an entry. */
  readonly requested: string;
  readonly score: number;
  /** Null of a shadow's record: what is enforced led to it no more than the shadow to that. */
  readonly reason: ReasonCode | 'gone' | null;
  /**
   * The facts that the rule looked at, null for one that is not known; null as a whole when they
   * were not taken down (no rule led to it, too many flows were moved in the tick, or it is the
   * record of a shadow: `norikae why` shows what its rules look at).
   */
  readonly inputs: Readonly<Record<string, unknown>> | null;
  /** Backend that carried it out and what it said; null: it happened without an operation. */
  readonly backend: string | null;
  readonly outcome: string | null;
}

/** The latest decisions, latest first. */
export interface DecisionPage {
  /** Decisions in memory, of all flows. */
  readonly kept: number;
  /** Decisions that were left out or not written since the start. */
  readonly lost: number;
  readonly decisions: readonly DecisionRecord[];
}
