import type { PlacementName } from '../engine/model/flow.ts';
import type { ChangeCause, Destination } from '../engine/model/placement-change.ts';
import type { ReasonCode } from '../engine/model/reason.ts';

/** One change of a flow's placement and what led to it. Can be sent as JSON. */
export interface DecisionRecord {
  /** Unique: the daemon's start time and a counter. */
  readonly id: string;
  /** Time of the change: wall clock, ISO 8601. */
  readonly time: string;
  /** Sequence number of the tick that reported the change. */
  readonly tick: number;
  /**
   * `shadow`: what a shadow policy would have done. Nothing was moved; `from` is the flow's placement
   * and `to` the one that the policy requests.
   */
  readonly mode: 'enforce' | 'shadow';
  /** ufid. */
  readonly flow: string;
  readonly match: string;
  readonly from: PlacementName;
  /** `gone`: the flow left the vSwitch, and its entry was removed. */
  readonly to: Destination;
  /** Cause of the change; null in a record of a shadow policy. */
  readonly cause: ChangeCause | null;
  /** `policy/rule` that decided; null: no rule did. */
  readonly rule: string | null;
  /** Policy of the rule. */
  readonly policy: string | null;
  /** Hash of the policy's text. */
  readonly revision: string | null;
  /** Requested placement. */
  readonly requested: string;
  readonly score: number;
  /** Null in a record of a shadow policy: reasons belong to the enforced policies. */
  readonly reason: ReasonCode | 'gone' | null;
  /**
   * The facts that the rule read, null for one that is not known. Null as a whole when they were not
   * recorded: no rule decided, too many flows moved in the tick, or it is the record of a shadow
   * policy, whose facts `norikae why` shows.
   */
  readonly inputs: Readonly<Record<string, unknown>> | null;
  /** Backend of the operation; null: the change needed no operation. */
  readonly backend: string | null;
  /** The backend's answer; null: the change needed no operation. */
  readonly outcome: string | null;
}

/** The latest decisions, latest first. */
export interface DecisionPage {
  /** Decisions in memory, of all flows. */
  readonly kept: number;
  /** Decisions that were not recorded, or not written to the file, since the start. */
  readonly lost: number;
  readonly decisions: readonly DecisionRecord[];
}
