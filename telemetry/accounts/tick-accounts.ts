import type { PlacementName } from '../../engine/model/flow.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { ChangeCause, Destination } from '../../engine/model/placement-change.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import type { ReasonCode } from '../../engine/model/reason.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import type { SliceQuota } from '../../engine/model/slice.ts';
import type { PortLoad } from '../../engine/model/tick.ts';
import type { LimitUse, SliceShare } from '../../engine/planner/plan.ts';
import type { Capacity, OperationResult } from '../../engine/ports/offload-backend.ts';

/** The ways that packets can take, indexed by the placement that sends them there. */
export const PATH_NAMES = ['vswitch', 'nic', 'fast-path'] as const;
export type PathName = (typeof PATH_NAMES)[number];

/** Name under which slices and ports are summed up that are beyond the most that are kept apart. */
export const OTHER = 'other';

/** What one path carried. Bytes are with the L2 header. */
export interface PathUse {
  readonly path: PathName;
  /** Since the accounts began, or since whom they are of came. Never falls. */
  readonly bytes: number;
  readonly packets: number;
  /** Mean between the last two readings; 0 before the second. */
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
}

/** What each path carried, in the order of {@link PATH_NAMES}. */
export type PathUses = readonly PathUse[];

/** Traffic and flows of one slice. */
export interface SliceAccount {
  /** Name of the slice; {@link OTHER} for those beyond the bound. */
  readonly name: string;
  /** What it may have of a table; undefined for {@link OTHER}. */
  readonly terms: SliceQuota | undefined;
  readonly paths: PathUses;
  /** Live flows, indexed by placement. */
  readonly flows: readonly number[];
}

/** Traffic of one port of the vSwitch. */
export interface PortAccount {
  /** {@link OTHER} for those beyond the bound. */
  readonly name: string;
  readonly kind: PortInfo['kind'];
  readonly vm: string | undefined;
  readonly slice: string | undefined;
  /** Speed of its link, bits/s; undefined: not known. */
  readonly linkBitsPerSecond: number | undefined;
  /** Flows whose packets came in by the port. */
  readonly rx: PathUses;
  /** Flows whose packets go out of the port. What goes out of several counts for each of them. */
  readonly tx: PathUses;
}

/** Share of what was sent between the last two readings that did not go through the vSwitch. */
export interface Coverage {
  /** 0 to 1; undefined while nothing was sent. */
  readonly bytes: number | undefined;
  readonly packets: number | undefined;
}

/** What one slice has of a table and may have. Entries. */
export interface ShareAccount extends SliceShare {
  /** Its name; {@link OTHER} for all flows of no declared slice and the slices beyond the bound. */
  readonly slice: string;
}

/** One backend's table and what the planner made of it, as of the last plan. */
export interface TableAccount extends Capacity {
  readonly backend: string;
  readonly placement: PlacementName;
  /** Entries that the planner counts on: fewer than there are said to be after refusals. */
  readonly learnedEntries: number;
  /** Flows that asked for an entry, those that have one included. */
  readonly contenders: number;
  /** Worth below which a flow was not placed, packets/s. */
  readonly threshold: number;
  /**
   * Gain below which entries were not swapped, packets/s; 0 when there was nothing to swap, Infinity
   * when no swap gained enough.
   */
  readonly swapGain: number;
  /** Operations that could be afforded. */
  readonly budget: number;
  readonly shares: readonly ShareAccount[];
  readonly limits: readonly LimitUse[];
}

/** Changes of placement by where from and where to, since the start. */
export interface MoveCount {
  readonly from: PlacementName;
  readonly to: Destination;
  readonly count: number;
}

/** Changes of placement with one cause, since the start. */
export interface CauseCount {
  readonly cause: ChangeCause;
  readonly count: number;
}

/** What one enforced rule in force has led to. Starts anew when the rule leaves and comes back. */
export interface RuleAccount {
  /** `policy/rule`; {@link OTHER} for rules beyond the bound. */
  readonly rule: string;
  /** Where the rule sends flows. */
  readonly to: PlacementName;
  /** Changes of placement it asked for that were carried out. */
  readonly moves: number;
  /** Entries it asked for that a backend refused. */
  readonly refusals: number;
  /** Live flows that it speaks for now. */
  readonly flows: number;
}

/** What goes for one reason. */
export interface ReasonAccount {
  readonly reason: ReasonCode | 'gone';
  /** Live flows that are where they are for this reason, now. */
  readonly flows: number;
  /** Of these, how many a rule asks an entry for and have none. */
  readonly waiting: number;
  /** Changes of placement that came about for it, since the start. */
  readonly moves: number;
}

/** Refusals of one backend with one cause, since the start. */
export interface RefusalCount {
  readonly backend: string;
  readonly code: RefusalCode;
  readonly count: number;
}

/** What became of an operation: what the backend did, or the cause of its refusal. */
export type OperationOutcome = Extract<OperationResult, { ok: true }>['outcome'] | RefusalCode;

/** Operations of one backend by kind and outcome, since the start. */
export interface OperationCount {
  readonly backend: string;
  readonly kind: 'put' | 'delete';
  readonly outcome: OperationOutcome;
  readonly count: number;
}

/** A histogram of times, cumulative since the start. */
export interface TimeHistogram {
  /** Upper bounds, seconds, ascending. */
  readonly boundsSeconds: readonly number[];
  /** By bound, how many were at most so long; the last one counts all. One more than bounds. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
  readonly count: number;
}

/** One of the flows with the highest rates. */
export interface TopFlow {
  readonly row: number;
  readonly id: FlowId;
  /** Smoothed rates over all paths. */
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
  readonly placement: PlacementName;
  readonly slice: string | undefined;
  readonly inPort: string;
}

/**
 * What the node did, summed up once a tick for all who show it: Prometheus, InfluxDB, the page.
 *
 * The same object each tick, brought up to date in place: read it before the next tick, keep
 * nothing of it. Sums begin at the first reading, whose flows may be old; those of a slice or a
 * port begin when it comes and end when it goes.
 */
export interface TickAccounts {
  /** Sequence of the tick they are as of; 0 before the first. */
  readonly sequence: number;
  /** The tick's clock, ms; and wall clock, ms since 1970, when known. */
  readonly atMs: number;
  readonly wallMs: number | undefined;
  /** Time between the last two readings, which rates are of, s; 0 before the second. */
  readonly seconds: number;
  /** Live flows by placement. */
  readonly flows: readonly number[];
  readonly paths: PathUses;
  readonly coverage: Coverage;
  /**
   * Estimate of the CPUs that would be needed for what did not go through the vSwitch: packets/s
   * off it times what a packet on it costs. What an offloaded packet costs the host, as with XDP, is
   * not taken off. Undefined while the cost is not known.
   */
  readonly cpuSavedCores: number | undefined;
  readonly slices: readonly SliceAccount[];
  readonly ports: readonly PortAccount[];
  /** What the ports' devices count themselves, by name; of ports that have been looked at twice. */
  readonly portLoad: ReadonlyMap<string, PortLoad>;
  readonly tables: readonly TableAccount[];
  /** Share of bits, beside packets, in what flows are worth, 0 to 1: what the node is short of. */
  readonly bitShare: number;
  readonly moves: readonly MoveCount[];
  readonly causes: readonly CauseCount[];
  readonly rules: readonly RuleAccount[];
  readonly reasons: readonly ReasonAccount[];
  readonly refusals: readonly RefusalCount[];
  readonly operations: readonly OperationCount[];
  /** From a flow first seen to its first entry in place. */
  readonly reactions: TimeHistogram;
  /** The flows with the most bits/s, descending; as many as were asked for. */
  readonly top: readonly TopFlow[];
}
