import type { PlacementName } from '../model/flow.ts';
import type { PlacementChange } from '../model/placement-change.ts';
import type { Refusal } from '../model/refusal.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { Tick } from '../model/tick.ts';
import type { BackendFailure } from './backend-controller.ts';
import type { LimitUse, SliceShare } from '../planner/plan.ts';
import type { Capacity } from '../ports/offload-backend.ts';
import type { AppliedOperation } from '../reconcile/reconciler.ts';
import type { Permission } from './tick-gate.ts';
import type { EvaluationReport, RuleTrace } from '../ports/rule-evaluator.ts';

/** The numbers of the last plan for one backend. */
export interface PlanNumbers {
  readonly backend: string;
  readonly placement: PlacementName;
  readonly capacity: Capacity;
  /** Entries that the planner counts on: fewer than declared after refusals. */
  readonly learnedEntries: number;
  /** The score a newcomer had to beat; -Infinity while there was room for all. */
  readonly cutoff: number;
  /** Worth below which a flow was not placed, and gain below which none were swapped, packets/s. */
  readonly threshold: number;
  readonly swapGain: number;
  readonly contenders: number;
  readonly budget: number;
  /** What the declared slices, and all others together, have and are due. */
  readonly shares: readonly SliceShare[];
  readonly limits: readonly LimitUse[];
}

/** Time that the stages of a tick took after it was read, ms. */
export interface StageTimes {
  /** Taking out what must not stay, and audits. */
  readonly enforceMs: number;
  readonly rulesMs: number;
  readonly planMs: number;
  /** Carrying plans out: what the backends took. */
  readonly applyMs: number;
}

/** A plan's operations as they were given to a backend. */
export interface Batch {
  readonly backend: string;
  readonly operations: number;
  readonly elapsedMs: number;
}

/** What one tick led to. */
export interface TickReport {
  readonly tick: Tick;
  readonly evaluation: EvaluationReport | undefined;
  /** The slices that `decision.slice` counts, from 1, as of the last evaluation. */
  readonly slices: readonly SliceQuota[];
  /** Share of bits, beside packets, in what flows are worth: what the node is short of, 0 to 1. */
  readonly bitShare: number;
  readonly plans: readonly PlanNumbers[];
  /**
   * Every change of a flow's placement since the last report, in order: also those that came about
   * between two ticks, or in a tick that failed. Each change is in one report.
   */
  readonly changes: readonly PlacementChange[];
  /** What the backends were asked for in this tick, and what they answered. */
  readonly operations: readonly BackendOperation[];
  /** Backends that failed in it; what is believed of them is what they confirmed. */
  readonly failures: readonly BackendFailure[];
  /** Live flows by placement, indexed by {@link Placement}. */
  readonly flows: readonly number[];
  readonly held: boolean;
  /** What the tick was allowed to do. */
  readonly permission: Permission;
  /** Plans of this tick that were carried out; those without operations are left out. */
  readonly batches: readonly Batch[];
  readonly stages: StageTimes;
  /** When the report was made, ms of the clock. */
  readonly endedAtMs: number;
  /** Time from the tick's start to its end, ms. */
  readonly elapsedMs: number;
}

/** An operation and the backend it was for. */
export interface BackendOperation extends AppliedOperation {
  readonly backend: string;
}

/** Why a flow is where it is. */
export interface Explanation {
  readonly row: number;
  readonly refusal: Refusal | undefined;
  readonly plans: readonly PlanNumbers[];
  readonly rules: readonly RuleTrace[];
}
