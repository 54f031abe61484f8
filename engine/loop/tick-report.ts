import type { PlacementName } from '../model/flow.ts';
import type { Refusal } from '../model/refusal.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { Tick } from '../model/tick.ts';
import type { BackendFailure } from './backend-controller.ts';
import type { LimitUse, SliceShare } from '../planner/plan.ts';
import type { Capacity } from '../ports/offload-backend.ts';
import type { Move } from '../reconcile/reconciler.ts';
import type { EvaluationReport, RuleTrace } from '../ports/rule-evaluator.ts';
import type { FactReading } from '../ports/rule-evaluator.ts';

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
  readonly moves: readonly BackendMove[];
  /** Backends that failed in it; what is believed of them is what they confirmed. */
  readonly failures: readonly BackendFailure[];
  /** Live flows by placement, indexed by {@link Placement}. */
  readonly flows: readonly number[];
  readonly held: boolean;
  /** Plans of this tick that were carried out; those without operations are left out. */
  readonly batches: readonly Batch[];
  readonly stages: StageTimes;
  /** Time from the tick's start to its end, ms. */
  readonly elapsedMs: number;
}

/** A move and the backend it was for. */
export interface BackendMove extends Move {
  readonly backend: string;
  readonly placement: PlacementName;
  /**
   * What the rule that spoke for the flow looked at, as it was before the move. Undefined: it is
   * not the rules' doing; null: it is, and there were too many to take it down.
   */
  readonly inputs?: readonly FactReading[] | null;
}

/** Why a flow is where it is. */
export interface Explanation {
  readonly row: number;
  readonly refusal: Refusal | undefined;
  readonly plans: readonly PlanNumbers[];
  readonly rules: readonly RuleTrace[];
}
