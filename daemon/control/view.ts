import type { PlacementName, WISH_NAMES } from '../../engine/model/flow.ts';
import type { ReasonCode } from '../../engine/model/reason.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import type { PathName } from '../../telemetry/accounts/tick-accounts.ts';
import type { DropCause } from '../../telemetry/influx/writer-state.ts';
import type { DecisionRecord } from '../decisions/record.ts';
import type { Breathe } from '../../engine/rules/breathe.ts';
import type { ConditionTrace } from '../../engine/rules/evaluator.ts';

/**
 * What the daemon shows of itself and lets be done with it: the contract between the loop and
 * everything that people look at. All of it is plain data that survives JSON: `null` where a
 * number is not known, no NaN and no Infinity.
 */
export interface DaemonView {
  status(): StatusView;
  /** `breathe`: pauses of the search, which may take a while; left out: it gives way to others. */
  flows(query: FlowQuery, breathe?: Breathe): Promise<FlowPage>;
  /** `id`: a ufid or the beginning of one. */
  why(id: string): Promise<WhyAnswer>;
  decisions(query: DecisionQuery): DecisionPage;
  /** The last minutes, for charts. */
  history(): HistoryView;
  /**
   * The last tick's aggregates; undefined before the first. `status`: the one just made, which they
   * are taken from; left out: a new one.
   */
  point(status?: StatusView): NodePoint | undefined;
  /** Takes everything back to the vSwitch and holds it there until `resume`. */
  onloadAll(): Promise<HoldView>;
  resume(): Promise<HoldView>;
  reload(): Promise<ReloadView>;
  /** Calls `listener` after every tick; the returned function ends it. */
  onTick(listener: () => void): () => void;
  /** Calls `listener` with every decision as it is recorded; the returned function ends it. */
  onDecision(listener: (decision: DecisionRecord) => void): () => void;
}

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

/** Which decisions. */
export interface DecisionQuery {
  /** A ufid or the beginning of one; empty: of all flows. */
  readonly flow: string;
  /** Most decisions to return. */
  readonly limit: number;
}

/** The latest decisions, latest first. */
export interface DecisionPage {
  /** Decisions in memory, of all flows. */
  readonly kept: number;
  /** Decisions that were left out or not written since the start. */
  readonly lost: number;
  readonly decisions: readonly DecisionRecord[];
}

export interface FlowPage {
  /** Flows on the node, and how many of them the query is true of. */
  readonly total: number;
  readonly matching: number;
  readonly flows: readonly FlowView[];
}

export type WishName = (typeof WISH_NAMES)[number];

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
  readonly wish: WishName;
  readonly score: number;
  /** Rule that made the wish. */
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

/** What a slice has of a backend's table and may have, as of the last plan. Entries. */
export interface ShareView {
  /** Null: all flows of no declared slice, which share one part. */
  readonly slice: string | null;
  /** Its part of what nobody has a guarantee for, relative to the others' weights. */
  readonly weight: number;
  readonly guaranteed: number;
  readonly maximum: number;
  /** Flows that ask for an entry and have or are worth one. */
  readonly wanted: number;
  /** What is due to it now. */
  readonly share: number;
  readonly used: number;
}

/** What the placed flows are expected to send, and the most that a port or the fast path takes. */
export interface ThroughputView {
  /** A port and its direction (`p0 send`), all ports together, or the fast path. */
  readonly name: string;
  /** True: nothing is placed beyond it. False: flows that it does not limit go first. */
  readonly hard: boolean;
  /** Null: any number. */
  readonly bitsPerSecond: number | null;
  readonly packetsPerSecond: number | null;
  readonly expectedBitsPerSecond: number;
  readonly expectedPacketsPerSecond: number;
}

export interface RuleView {
  readonly name: string;
  readonly priority: number;
  readonly wish: WishName;
  /** True: its policy is a shadow; what it asks for is recorded and moves nothing. */
  readonly shadow: boolean;
  readonly verdict: boolean;
  readonly condition: ConditionTrace;
}

export interface HoldView {
  /** True while everything is held on the vSwitch. */
  readonly held: boolean;
  /** Entries taken out by this call. */
  readonly withdrawn: number;
}

/** What became of a reload. On failure the last good policies stay in force. */
export type ReloadView =
  | { readonly ok: true; readonly rules: number }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The daemon and its node in the last tick. */
export interface StatusView {
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly node: string;
  /** Share of all CPUs that the host itself uses, 0 to 1. */
  readonly hostCpu: number | null;
  /** The first of `backends`; null when there is none. */
  readonly backend: BackendView | null;
  readonly backends: readonly BackendView[];
  /** Whether changes of the vSwitch's rules are heard of at once; null: nobody listens. */
  readonly changes: ChangesView | null;
  readonly tick: TickView;
  readonly sources: readonly SourceView[];
  readonly flows: Readonly<Record<PlacementName, number>>;
  /** Over all flows, smoothed, by where they are placed. */
  readonly bitsPerSecond: Readonly<Record<PlacementName, number>>;
  readonly packetsPerSecond: Readonly<Record<PlacementName, number>>;
  /** What each way that packets can take has carried. */
  readonly paths: Readonly<Record<PathName, PathView>>;
  /** Share of what was sent between the last two readings that was not on the vSwitch, 0 to 1. */
  readonly coverage: { readonly bytes: number | null; readonly packets: number | null };
  /** Estimate of the CPUs that the vSwitch would need for what it was spared; null: not known. */
  readonly cpuSavedCores: number | null;
  readonly slices: readonly SliceView[];
  readonly ports: readonly PortView[];
  readonly policies: PoliciesView;
  /** How writing to InfluxDB goes; null: it is not configured. */
  readonly influx: InfluxView | null;
  /** True while everything is held on the vSwitch (onload-all). */
  readonly held: boolean;
}

/** Numbers count since the start. */
export interface InfluxView {
  readonly url: string;
  readonly database: string;
  readonly written: number;
  readonly queuedPoints: number;
  readonly queuedBytes: number;
  /** Points that were lost: `queue` was full, they were `refused`, or the daemon came to its `end`. */
  readonly dropped: Readonly<Record<DropCause, number>>;
  /** Requests after which the same points were sent again. */
  readonly failures: number;
  /** ISO 8601; null: nothing has been written yet. */
  readonly lastSuccess: string | null;
  /** What the last request failed with, or was refused for. */
  readonly error: string | null;
}

export interface TickView {
  /** 0 before the first. */
  readonly sequence: number;
  /** Since it was made; null before the first. */
  readonly ageMs: number | null;
  readonly fresh: boolean;
  /** Time the last one took, and from one to the next. */
  readonly elapsedMs: number;
  readonly periodMs: number;
}

export interface ChangesView {
  readonly name: string;
  readonly active: boolean;
  /** Why not; flows are then looked at again at the next reading. */
  readonly problem: string | null;
}

export interface BackendView {
  readonly name: string;
  readonly description: string;
  readonly placement: PlacementName;
  readonly started: boolean;
  /** Why it is not started, or what it last failed with. */
  readonly error: string | null;
  readonly used: number;
  /** Entries that it is said to hold, and that the planner counts on: fewer after refusals. */
  readonly entries: number;
  readonly learnedEntries: number;
  readonly masksUsed: number;
  /** null: any number. */
  readonly masks: number | null;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** As of the last plan; null and empty before the first. Worth is in expected packets/s. */
  readonly threshold: number | null;
  /** Null, too, when there was nothing to swap or no swap gained enough. */
  readonly swapGain: number | null;
  /** Operations that could be afforded. */
  readonly operationsLeft: number | null;
  /** Flows of no declared slice, then each declared slice. */
  readonly shares: readonly ShareView[];
  readonly limits: readonly ThroughputView[];
}

export interface SourceView {
  readonly name: string;
  readonly fresh: boolean;
  readonly ageMs: number | null;
  readonly failures: number;
  readonly error: string | null;
  readonly costMs: number;
  readonly periodMs: number;
}

export interface PathView {
  /** Since the daemon started, with L2 headers. */
  readonly bytes: number;
  readonly packets: number;
  /** Mean between the last two readings. */
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
}

/** A slice: what it has, and what it may have. */
export interface SliceView {
  readonly name: string;
  /** Its part of what nobody has a guarantee for, relative to the other slices' weights. */
  readonly weight: number;
  /** By where they are placed. */
  readonly flows: Readonly<Record<PlacementName, number>>;
  readonly bitsPerSecond: Readonly<Record<PlacementName, number>>;
  readonly packetsPerSecond: Readonly<Record<PlacementName, number>>;
  /** Entries of the NIC's table; null: none is guaranteed, and it may have all. */
  readonly guaranteedEntries: number | null;
  readonly maximumEntries: number | null;
  /**
   * Flows that are worth an entry of the NIC's table, the entries that are due to it now, and those it
   * has, as of the last plan; null: it is not declared, and shares a part with all that are not.
   */
  readonly wantedEntries: number | null;
  readonly shareEntries: number | null;
  readonly usedEntries: number | null;
}

export interface PortView {
  readonly name: string;
  readonly kind: string;
  readonly vm: string | null;
  readonly slice: string | null;
  readonly rxBitsPerSecond: number | null;
  readonly txBitsPerSecond: number | null;
  readonly linkBitsPerSecond: number | null;
}

export interface PoliciesView {
  readonly files: readonly string[];
  /** Flow rules in force. */
  readonly rules: number;
  /** Problems of the last reload when it failed; the rules in force are then older. */
  readonly problems: readonly string[];
  /** Hash of all policies in force together, and since when they are (ISO 8601). */
  readonly revision: string;
  readonly since: string;
  /** The policies in force, in order. */
  readonly inForce: readonly PolicyView[];
  /** Null before the first. */
  readonly lastReload: { readonly at: string; readonly result: string } | null;
  /** True while changes of the files are noticed. */
  readonly watching: boolean;
}

/** One policy in force. */
export interface PolicyView {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  /** Hash of its text. */
  readonly revision: string;
  readonly mode: string;
  readonly rules: number;
}

/** One moment of the node. Rates are means between the last two readings, by path. */
export interface NodePoint {
  /** Wall clock, ms since 1970. */
  readonly timeMs: number;
  readonly vswitchBitsPerSecond: number;
  readonly nicBitsPerSecond: number;
  readonly fastPathBitsPerSecond: number;
  readonly vswitchPacketsPerSecond: number;
  readonly nicPacketsPerSecond: number;
  readonly fastPathPacketsPerSecond: number;
  /** Share of the bits that were not on the vSwitch, 0 to 1; null without traffic. */
  readonly coverage: number | null;
  /** Estimate of the CPUs that the vSwitch would need for what it was spared. */
  readonly cpuSavedCores: number | null;
  /** Share of all CPUs that the host itself uses, 0 to 1. */
  readonly hostCpu: number | null;
  /** How many there are, wherever they are placed. */
  readonly flows: number;
  /** Entries in use, and that there are, of all backends. */
  readonly entriesUsed: number;
  readonly entries: number;
  /** Time that the tick took, ms. */
  readonly tickMs: number;
}

/** Points in columns of one length, oldest first. */
export interface HistoryView {
  /** From one point to the next, ms. */
  readonly periodMs: number;
  readonly columns: { readonly [Column in keyof NodePoint]: readonly NodePoint[Column][] };
}

/** What the event `tick` of the stream carries. */
export interface TickEvent {
  readonly status: StatusView;
  /** What the history has of this tick; null before the first. */
  readonly point: NodePoint | null;
}
