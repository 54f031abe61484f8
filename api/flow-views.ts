import type { ConnectionDirection } from '../engine/model/connection.ts';
import type { PlacementName, REQUESTED_PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { ReasonCode } from '../engine/model/reason.ts';
import type { RefusalCode } from '../engine/model/refusal.ts';
import type { RefusedConnectionCode } from '../engine/model/refused-connection.ts';
import type { InputView } from './input-view.ts';
import type { DecisionRecord } from './decision-record.ts';
import type { ConditionTrace } from '../engine/ports/rule-evaluator.ts';
import type { HookView, ShareView, ThroughputView } from './status-view.ts';

export const FLOW_SORTS = ['rate', 'packets', 'bytes', 'age', 'idle', 'score'] as const;

/** Sort key, largest first. Units: bits/s, packets/s, bytes, ms, ms, the score's unit. */
export type FlowSort = (typeof FLOW_SORTS)[number];

/** Filter, order and page of flows. */
export interface FlowQuery {
  readonly sort: FlowSort;
  /** Maximum number of flows. */
  readonly limit: number;
  /** Flows to skip; default 0. */
  readonly offset?: number;
  readonly placement?: PlacementName;
  readonly slice?: string;
  /** A port that the flow enters or leaves by. */
  readonly port?: string;
  /** True: only connections. */
  readonly connections?: boolean;
  /** Words that must all occur in the flow's id, match, actions, VM or reason. */
  readonly words: readonly string[];
}

export interface FlowPage {
  /** Flows on the node. */
  readonly total: number;
  /** Flows that match the query. */
  readonly matching: number;
  readonly flows: readonly FlowView[];
}

export type RequestedPlacementName = (typeof REQUESTED_PLACEMENT_NAMES)[number];

/** What a flow is: a megaflow of the vSwitch, or one direction of a connection within megaflows. */
export type FlowKind = 'megaflow' | 'connection';

/** A flow as of the last tick. */
export interface FlowView {
  /** ufid of a megaflow; for a connection, a number of the same form. */
  readonly id: string;
  readonly kind: FlowKind;
  readonly match: string;
  readonly actions: string;
  readonly inPort: string;
  /** Output ports, in order; empty for a drop. */
  readonly outPorts: readonly string[];
  /** From policies or ports. */
  readonly slice: string | null;
  /** VM of the input port, otherwise of an output port. */
  readonly vm: string | null;
  /** The path that its packets take: the vSwitch until its entry has carried a packet. */
  readonly placement: PlacementName;
  /** The placement whose backend has an entry for it; null without an entry. */
  readonly entry: PlacementName | null;
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
  /** Bytes and packets since the flow was first seen, on all paths. */
  readonly bytes: number;
  readonly packets: number;
  /** Parts of `bytes`: through the vSwitch, and through a backend. */
  readonly vswitchBytes: number;
  readonly carriedBytes: number;
  readonly ageMs: number;
  readonly idleMs: number;
  /** Time since the last move; null if it was never moved. */
  readonly placedMs: number | null;
  readonly requested: RequestedPlacementName;
  readonly score: number;
  /** The rule that requests it; null: no rule does. */
  readonly rule: string | null;
  readonly reason: { readonly code: ReasonCode; readonly text: string };
}

/** What is known of a connection: the megaflows that it passes, and conntrack's entries. */
export interface ConnectionView {
  /** Why it can have no entry of its own; null: it can. */
  readonly refusal: { readonly code: RefusedConnectionCode; readonly detail: string } | null;
  /** The megaflows that decide what is done to it, in the order in which its packets pass them. */
  readonly chain: readonly {
    readonly id: string;
    readonly match: string;
    readonly actions: string;
  }[];
  /** Its entries in conntrack, in the order in which its packets pass them. */
  readonly tracked: readonly TrackedView[];
}

/** An entry of conntrack. Tuples are texts such as `tcp 10.0.0.1:4000 > 10.0.0.2:80`. */
export interface TrackedView {
  readonly zone: number;
  readonly direction: ConnectionDirection;
  readonly original: string;
  /** As packets of the other direction arrive; differs from the mirror of `original` under NAT. */
  readonly reply: string;
  readonly mark: number;
  /** Hexadecimal. */
  readonly labels: string;
}

export type WhyAnswer =
  | { readonly found: true; readonly why: WhyView }
  /** `candidates`: some of the flows whose id has the prefix; empty: no flow has it. */
  | { readonly found: false; readonly candidates: readonly string[] };

/** Why a flow is where it is. */
export interface WhyView {
  readonly flow: FlowView;
  readonly limits: LimitsView;
  /** The backend's last refusal of this flow. */
  readonly refusal: { readonly code: RefusalCode; readonly detail: string } | null;
  /** What a sample found wrong with its entry, while the flow is held on the vSwitch for it. */
  readonly mismatch: { readonly detail: string; readonly heldMs: number } | null;
  /** Its last entry, if that was removed because it carried nothing. */
  readonly unused: UnusedView | null;
  /** The port that it enters by, if receiving there costs other traffic; null: it does not. */
  readonly input: InputView | null;
  /** Where a backend takes the packets of the port that it enters by; as in `PortView`. */
  readonly hook: HookView | null;
  /** How it was resolved, if it is a connection; null: it is a megaflow. */
  readonly connection: ConnectionView | null;
  /** Verdicts of all rules, in order of priority. */
  readonly rules: readonly RuleView[];
  /** Latest changes of placement, latest first. */
  readonly decisions: readonly DecisionRecord[];
}

/** An entry that carried nothing while its flow sent. */
export interface UnusedView {
  /** Packets of the flow while it had the entry: through the vSwitch, and carried. */
  readonly packets: number;
  readonly carried: number;
  /** Time of observation, ms. */
  readonly overMs: number;
  /** Time until it is tried again, ms; 0: now. */
  readonly retryInMs: number;
}

/** The limits that decided, as of the last tick. */
export interface LimitsView {
  readonly tableUsed: number;
  readonly tableEntries: number;
  /** Learned entries: fewer than declared after refusals. */
  readonly learnedEntries: number;
  /**
   * Score that a newcomer had to exceed. Null: the table had free entries for all requests. 0: some
   * entries were in use by flows that no rule requests.
   */
  readonly cutoffScore: number | null;
  /**
   * True: the table is divided among declared slices, and `cutoffScore` is the maximum of their
   * cutoffs.
   */
  readonly divided: boolean;
  /** The budget; null without a backend. */
  readonly operationsLeft: number | null;
  /** Time until the minimum hold time of the flow ends; 0: it has ended. */
  readonly holdLeftMs: number;
  /** Time until a refused flow is tried again; 0: now. */
  readonly retryInMs: number;
  /** Worth of the flow, packets/s. */
  readonly worth: number;
  /** Worth below which a newcomer is not placed, packets/s; null without a plan. */
  readonly threshold: number | null;
  /**
   * Gain in worth that a swap needs, packets/s; null: there was nothing to swap, or no swap gained
   * enough.
   */
  readonly swapGain: number | null;
  /** The share that its entry counts towards; null without a plan. */
  readonly share: ShareView | null;
  /** The limits of ports or the fast path that its traffic counts towards. */
  readonly throughput: readonly ThroughputView[];
}

export interface RuleView {
  readonly name: string;
  readonly priority: number;
  readonly requested: RequestedPlacementName;
  /** True: a rule of a shadow policy; its request is recorded and moves nothing. */
  readonly shadow: boolean;
  readonly verdict: boolean;
  readonly condition: ConditionTrace;
}
