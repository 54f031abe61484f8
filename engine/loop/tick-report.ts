import type { PlacementName } from '../model/flow.ts';
import type { PlacementChange } from '../model/placement-change.ts';
import type { Refusal } from '../model/refusal.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { Tick } from '../model/tick.ts';
import type { BackendFailure } from './backend-failure.ts';
import type { UnusedEntry } from './unused-entries.ts';
import type { InputUse } from '../planner/input-gate.ts';
import type { LimitUse, SliceShare } from '../planner/plan.ts';
import type {
  Capacity,
  PortHook,
  VirtualFunctionState,
  WatchdogState,
} from '../ports/offload-backend.ts';
import type { Mismatch } from '../reconcile/mismatches.ts';
import type { AppliedOperation } from '../reconcile/reconciler.ts';
import type { SampleCounts } from './sampler.ts';
import type { Permission } from './tick-gate.ts';
import type { EvaluationReport, RuleTrace } from '../ports/rule-evaluator.ts';

/** The numbers of the last plan for one backend. */
export interface PlanNumbers {
  readonly backend: string;
  readonly placement: PlacementName;
  readonly capacity: Capacity;
  /** Entries that the planner counts on: fewer than declared after refusals. */
  readonly learnedEntries: number;
  /** Ports that the backend does not serve although it is meant to. */
  readonly unservedPorts: number;
  /** The watchdog of the backend's lease; undefined: it has none. */
  readonly watchdog: WatchdogState | undefined;
  /** The backend's virtual functions; undefined: it uses none. */
  readonly virtualFunctions: readonly VirtualFunctionState[] | undefined;
  /** Where the backend takes the packets of each port that it serves. */
  readonly portHooks: readonly PortHook[];
  /** As in Verification, ms of the clock. */
  readonly verifiedAtMs: number;
  /** Score that a newcomer had to exceed; -Infinity if there was room for all. */
  readonly cutoff: number;
  /** Worth below which a flow was not placed, and minimum gain of a swap, packets/s. */
  readonly threshold: number;
  readonly swapGain: number;
  readonly contenders: number;
  readonly budget: number;
  /** Entries used by and due to each declared slice, and all other flows together. */
  readonly shares: readonly SliceShare[];
  readonly limits: readonly LimitUse[];
  /** Ports by which flows can enter, where that costs other traffic. */
  readonly inputs: readonly InputUse[];
}

/** Duration of the stages of a tick after its reading, ms. */
export interface StageTimes {
  /** Removal of entries that must not stay, and audits. */
  readonly enforceMs: number;
  readonly rulesMs: number;
  readonly planMs: number;
  /** Time that the backends took to apply plans. */
  readonly applyMs: number;
}

/** The operations of a plan, sent to a backend in one call. */
export interface Batch {
  readonly backend: string;
  readonly operations: number;
  readonly elapsedMs: number;
}

/** Results of one tick. */
export interface TickReport {
  readonly tick: Tick;
  readonly evaluation: EvaluationReport | undefined;
  /** Slices as of the last evaluation; `decision.slice` is 1 + an index into them. */
  readonly slices: readonly SliceQuota[];
  /** Weight of bits against packets in the worth of flows, 0 to 1. */
  readonly bitShare: number;
  readonly plans: readonly PlanNumbers[];
  /** Samples since the start, by result; undefined: none are taken. */
  readonly samples: SampleCounts | undefined;
  /**
   * All changes of placement since the last report, in order, including those between two ticks and
   * in a failed tick. Each change is in exactly one report.
   */
  readonly changes: readonly PlacementChange[];
  /** Operations of this tick, and for new flows since the last, with their results. */
  readonly operations: readonly BackendOperation[];
  /** Backends that failed in this tick; their placements are what they confirmed. */
  readonly failures: readonly BackendFailure[];
  /** Live flows by the path that their packets take, indexed by {@link Placement}. */
  readonly flows: readonly number[];
  readonly held: boolean;
  /** What the tick was allowed to do. */
  readonly permission: Permission;
  /** Applied plans of the same; plans without operations are left out. */
  readonly batches: readonly Batch[];
  readonly stages: StageTimes;
  /** Time of the report, ms of the clock. */
  readonly endedAtMs: number;
  /** Duration of the tick, ms. */
  readonly elapsedMs: number;
}

/** An operation and its backend. */
export interface BackendOperation extends AppliedOperation {
  readonly backend: string;
}

/** Why a flow is where it is. */
export interface Explanation {
  readonly row: number;
  readonly refusal: Refusal | undefined;
  /** Why it is held on the vSwitch after a sample; undefined if it is not. */
  readonly mismatch: Mismatch | undefined;
  /** Why its last entry was released for carrying nothing, and until when the flow is held down. */
  readonly unused: UnusedEntry | undefined;
  readonly plans: readonly PlanNumbers[];
  readonly rules: readonly RuleTrace[];
}
