import type { PlacementName, REQUESTED_PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { ReasonCode } from '../engine/model/reason.ts';
import type { RefusalCode } from '../engine/model/refusal.ts';
import type { DecisionRecord } from './decision-record.ts';
import type { ConditionTrace } from '../engine/ports/rule-evaluator.ts';
import type { ShareView, ThroughputView } from './status-view.ts';

export const FLOW_SORTS = ['rate', 'packets', 'bytes', 'age', 'idle', 'score'] as const;

/** What flows are sorted by, largest first: bits/s, packets/s, bytes, ms, ms, the rule's unit. */
export type FlowSort = (typeof FLOW_SORTS)[number];

/** Which flows, how many and in which order. */
export interface FlowQuery {
  readonly sort: FlowSort;
  /** Most flows to return. */
  readonly limit: number;
  /** Flows of the order to leave out before the first; left out: none. */
  readonly offset?: number;
  readonly placement?: PlacementName;
  readonly slice?: string;
  /** A port the flow comes in by or goes out of. */
  readonly port?: string;
  /** Words that all have to be somewhere in the flow's id, match, actions, VM or reason. */
  readonly words: readonly string[];
}

export interface FlowPage {
  /** Flows on the node, and how many of them the query is true of. */
  readonly total: number;
  readonly matching: number;
  readonly flows: readonly FlowView[];
}

export type RequestedPlacementName = (typeof REQUESTED_PLACEMENT_NAMES)[number];

/** One flow as it was in the last tick. */
export interface FlowView {
  /** ufid. */
  readonly id: string;
  readonly match: string;
  readonly actions: string;
  readonly inPort: string;
  /** Ports it goes out of, in order; empty for a drop. */
  readonly outPorts: readonly string[];
  /** What policies and ports say of it. */
  readonly slice: string | null;
  /** VM of the port it comes in by or, failing that, of the one it goes out of. */
  readonly vm: string | null;
  readonly placement: PlacementName;
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
  /** Since it was first seen, over all paths. */
  readonly bytes: number;
  readonly packets: number;
  /** Of `bytes`: through the vSwitch, and carried by a backend. */
  readonly vswitchBytes: number;
  readonly carriedBytes: number;
  readonly ageMs: number;
  readonly idleMs: number;
  /** How long it has been where it is; null when it was never moved. */
  readonly placedMs: number | null;
  readonly requested: RequestedPlacementName;
  readonly score: number;
  /** Rule that made the request. */
  readonly rule: string | null;
  readonly reason: { readonly code: ReasonCode; readonly text: string };
}

export type WhyAnswer =
  | { readonly found: true; readonly why: WhyView }
  /** `candidates`: some of the flows that the beginning of an id fits; empty for none. */
  | { readonly found: false; readonly candidates: readonly string[] };

/** Why a flow is where it is. */
export interface WhyView {
  readonly flow: FlowView;
  readonly limits: LimitsView;
  /** The backend's last refusal of this flow. */
  readonly refusal: { readonly code: RefusalCode; readonly detail: string } | null;
  /** Every rule's verdict on it, in order of priority. */
  readonly rules: readonly RuleView[];
  /** Its last changes of placement, latest first. */
  readonly decisions: readonly DecisionRecord[];
}

/** The limits that decided, as they were in the last tick. */
export interface LimitsView {
  readonly tableUsed: number;
  readonly tableEntries: number;
  /** Entries that the planner counts on: fewer after refusals. */
  readonly learnedEntries: number;
  /**
   * Score that a newcomer had to beat; null while there was room for all, 0 while entries were in
   * use that no rule asks for.
   */
  readonly cutoffScore: number | null;
  /**
   * True: declared slices have parts of the table, and the cutoff is that of whichever slice had to
   * leave out the best flow.
   */
  readonly divided: boolean;
  /** Operations that could be afforded; null without a backend. */
  readonly operationsLeft: number | null;
  /** Time until the flow may be moved again, and until a refused one is tried again; 0: now. */
  readonly holdLeftMs: number;
  readonly retryInMs: number;
  /** What an entry for it is expected to bring, packets/s. */
  readonly worth: number;
  /** Worth below which a flow is not placed, packets/s; null without a plan. */
  readonly threshold: number | null;
  /**
   * Gain in worth that a swap needs, packets/s; null when there was nothing to swap or no swap gained
   * enough.
   */
  readonly swapGain: number | null;
  /** The share that its entry counts for; null without a plan. */
  readonly share: ShareView | null;
  /** The limits of ports or of the fast path that it counts for. */
  readonly throughput: readonly ThroughputView[];
}

export interface RuleView {
  readonly name: string;
  readonly priority: number;
  readonly requested: RequestedPlacementName;
  /** True: its policy is a shadow; what it asks for is recorded and moves nothing. */
  readonly shadow: boolean;
  readonly verdict: boolean;
  readonly condition: ConditionTrace;
}
