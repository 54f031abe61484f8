import type { Placement } from '../model/flow.ts';
import type { WithdrawalCause } from '../model/placement-change.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { ThroughputLimit } from './throughput-limit.ts';
import type { TokenBucketOptions } from './token-bucket.ts';

/** Settings of the planner. */
export interface PlannerOptions {
  /**
   * A flow that was moved is not moved again before this time, ms, for a rule's or a score's sake.
   * Safety does not wait, nor does what is known to gain.
   */
  readonly minHoldMs: number;
  /** Operations a second; those that safety demands are counted but never held back. */
  readonly operations: TokenBucketOptions;
}

/** What the planner may fill. */
export interface TableBudget {
  readonly placement: typeof Placement.offload | typeof Placement.fastPath;
  /** Entries that can be counted on, those in use included. */
  readonly entries: number;
  /** The slices that `decision.slice` counts, from 1. */
  readonly slices: readonly SliceQuota[];
  readonly ports: PortSnapshot;
  /** What the backend's flows together may be expected to send. */
  readonly limits: readonly ThroughputLimit[];
  /** Whether the backend could express the row's flow. */
  supports(row: number): boolean;
}

/** What one slice has of a table and may have. Entries. */
export interface SliceShare {
  /** Its name; undefined for all flows that belong to no declared slice. */
  readonly slice: string | undefined;
  readonly weight: number;
  readonly guaranteed: number;
  readonly maximum: number;
  /** Flows that ask for an entry and have or are worth one. */
  readonly wanted: number;
  /** What is due to it now. */
  readonly share: number;
  /** What it has once the plan has been carried out. */
  readonly used: number;
}

/** What is expected of the flows that a plan places, against one limit. */
export interface LimitUse extends ThroughputLimit {
  readonly expectedPacketsPerSecond: number;
  readonly expectedBitsPerSecond: number;
}

/** The moves for one backend, and the numbers behind them. Reused: valid until the next plan. */
export interface Plan {
  /** Rows to withdraw, then rows to install. */
  readonly withdraw: readonly number[];
  /** By place in `withdraw`: what each is for. */
  readonly withdrawalCauses: readonly WithdrawalCause[];
  readonly install: readonly number[];
  /** The score a newcomer had to beat; -Infinity while there was room for all. */
  readonly cutoff: number;
  /** Worth below which a flow is not placed: all such flows together bring next to nothing. */
  readonly threshold: number;
  /** Least gain for which entries are swapped, in worth. */
  readonly swapGain: number;
  /** Flows that asked for an entry, those that have one included. */
  readonly contenders: number;
  /** Operations that could be afforded at the start of the plan. */
  readonly budget: number;
  readonly shares: readonly SliceShare[];
  readonly limits: readonly LimitUse[];
}
