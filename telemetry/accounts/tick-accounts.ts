import type { SampleResult } from '../../engine/loop/sampler.ts';
import type { PlacementName } from '../../engine/model/flow.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { ChangeCause, Destination } from '../../engine/model/placement-change.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import type { ReasonCode } from '../../engine/model/reason.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import type { SliceQuota } from '../../engine/model/slice.ts';
import type { PortLoad } from '../../engine/model/tick.ts';
import type { LimitUse, SliceShare } from '../../engine/planner/plan.ts';
import type {
  Capacity,
  OperationResult,
  WatchdogState,
} from '../../engine/ports/offload-backend.ts';

/** Paths of packets, indexed by the placement that sends them there. */
export const PATH_NAMES = ['vswitch', 'nic', 'fast-path'] as const;
export type PathName = (typeof PATH_NAMES)[number];

/** Name of the sum of all slices, ports or rules beyond the bound. */
export const OTHER = 'other';

/** Traffic of one path. Bytes include the L2 header. */
export interface PathUse {
  readonly path: PathName;
  /** Since the accounts began, or since the slice or port appeared. Never falls. */
  readonly bytes: number;
  readonly packets: number;
  /** Mean between the last two readings; 0 before the second. */
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
}

/** Traffic by path, in the order of {@link PATH_NAMES}. */
export type PathUses = readonly PathUse[];

/** Traffic and flows of one slice. */
export interface SliceAccount {
  /** Name of the slice; {@link OTHER} for the sum of those beyond the bound. */
  readonly name: string;
  /** Undefined for {@link OTHER}. */
  readonly quota: SliceQuota | undefined;
  readonly paths: PathUses;
  /** Live flows, indexed by placement. */
  readonly flows: readonly number[];
}

/** Traffic of one port of the vSwitch. */
export interface PortAccount {
  /** {@link OTHER} for the sum of those beyond the bound. */
  readonly name: string;
  readonly kind: PortInfo['kind'];
  readonly vm: string | undefined;
  readonly slice: string | undefined;
  /** Speed of its link, bits/s; undefined while unknown. */
  readonly linkBitsPerSecond: number | undefined;
  /** Traffic of flows that enter by the port. */
  readonly rx: PathUses;
  /** Traffic of flows that leave by the port. A flow that leaves by several counts for each. */
  readonly tx: PathUses;
}

/** Share of the traffic between the last two readings that bypassed the vSwitch. */
export interface Coverage {
  /** 0 to 1; undefined without traffic. */
  readonly bytes: number | undefined;
  readonly packets: number | undefined;
}

/** Entries of a table that one slice uses and may use. */
export interface ShareAccount extends SliceShare {
  /** Name; {@link OTHER}: the sum of flows of no declared slice and of slices beyond the bound. */
  readonly slice: string;
}

/** One backend's table and how the planner used it, as of the last plan. */
export interface TableAccount extends Capacity {
  readonly backend: string;
  readonly placement: PlacementName;
  /** Entries that the planner counts on: the declared entries, or fewer after refusals. */
  readonly learnedEntries: number;
  /** Ports that the backend does not serve although it is meant to. */
  readonly unservedPorts: number;
  /** The watchdog of the backend's lease; undefined: it has none. */
  readonly watchdog: WatchdogState | undefined;
  /** Virtual functions by which guests may send; undefined: the backend uses none. */
  readonly openFunctions: number | undefined;
  /** When the vSwitch was asked for the flows that all entries were last compared with, ms of the clock. */
  readonly verifiedAtMs: number;
  /** Ports from which the backend receives packets. */
  readonly openPorts: number;
  /** Flows that request an entry, including those that have one. */
  readonly contenders: number;
  /** Worth below which a flow was not placed, packets/s. */
  readonly threshold: number;
  /**
   * Gain below which entries were not swapped, packets/s; 0 when there was nothing to swap, Infinity
   * when no swap gained enough.
   */
  readonly swapGain: number;
  /** Operations left in the budget at the start of the plan. */
  readonly budget: number;
  readonly shares: readonly ShareAccount[];
  readonly limits: readonly LimitUse[];
}

/** Changes of placement in one direction, since the start. */
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

/** Results of one enforced rule in force. Starts at zero when the rule is loaded again. */
export interface RuleAccount {
  /** `policy/rule`; {@link OTHER} for rules beyond the bound. */
  readonly rule: string;
  /** Placement that the rule requests. */
  readonly to: PlacementName;
  /** Changes of placement that it requested and a backend applied. */
  readonly moves: number;
  /** Entries that it requested and a backend refused. */
  readonly refusals: number;
  /** Live flows that it decides now. */
  readonly flows: number;
}

/** Flows and moves with one reason. */
export interface ReasonAccount {
  readonly reason: ReasonCode | 'gone';
  /** Live flows with this reason now. */
  readonly flows: number;
  /** Of these, flows that request an entry and have none. */
  readonly waiting: number;
  /** Changes of placement with this reason, since the start. */
  readonly moves: number;
}

/** Refusals of one backend with one code, since the start. */
export interface RefusalCount {
  readonly backend: string;
  readonly code: RefusalCode;
  readonly count: number;
}

/** Outcome of an operation: what the backend did, or the code of its refusal. */
export type OperationOutcome = Extract<OperationResult, { ok: true }>['outcome'] | RefusalCode;

/** Operations of one backend by kind and outcome, since the start. */
export interface OperationCount {
  readonly backend: string;
  readonly kind: 'put' | 'delete';
  readonly outcome: OperationOutcome;
  readonly count: number;
}

/** Samples of installed entries with one result, since the start. */
export interface SampleCount {
  readonly result: SampleResult;
  readonly count: number;
}

/** A histogram of times, cumulative since the start. */
export interface TimeHistogram {
  /** Upper bounds, seconds, ascending. */
  readonly boundsSeconds: readonly number[];
  /** Number of times up to each bound; one more than bounds: the last counts all. */
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
 * Sums over the node, updated once a tick, for Prometheus, InfluxDB and the page.
 *
 * The same object is updated in place at each tick: read it before the next one and keep no
 * references to its parts. Sums begin at the first reading, because flows may be older than the
 * daemon; those of a slice or a port begin when it appears and end when it goes.
 */
export interface TickAccounts {
  /** Sequence number of the last tick; 0 before the first. */
  readonly sequence: number;
  /** Time of the tick on the monotonic clock, ms; `wallMs`: ms since 1970, if known. */
  readonly atMs: number;
  readonly wallMs: number | undefined;
  /** Time between the last two readings, over which rates are computed, s; 0 before the second. */
  readonly seconds: number;
  /** Live flows by placement. */
  readonly flows: readonly number[];
  readonly paths: PathUses;
  readonly coverage: Coverage;
  /**
   * Estimate of the CPUs that the vSwitch would need for the traffic of the other paths: their
   * packets/s times the cost of a packet on the vSwitch. What an offloaded packet costs the host, as
   * with XDP, is not subtracted. Undefined until the cost of a packet is known.
   */
  readonly cpuSavedCores: number | undefined;
  readonly slices: readonly SliceAccount[];
  readonly ports: readonly PortAccount[];
  /** Load by the counters of the ports' devices, by name; only ports that were read twice. */
  readonly portLoad: ReadonlyMap<string, PortLoad>;
  readonly tables: readonly TableAccount[];
  /** Weight of bits against packets in the worth of flows, 0 to 1. */
  readonly bitShare: number;
  readonly moves: readonly MoveCount[];
  readonly causes: readonly CauseCount[];
  readonly rules: readonly RuleAccount[];
  readonly reasons: readonly ReasonAccount[];
  readonly refusals: readonly RefusalCount[];
  readonly operations: readonly OperationCount[];
  /** Samples of installed entries, since the start; empty if none are taken. */
  readonly samples: readonly SampleCount[];
  /** Time from the first reading of a flow to its first installed entry. */
  readonly reactions: TimeHistogram;
  /** Flows with the most bits/s, descending; at most as many as the options set. */
  readonly top: readonly TopFlow[];
}
