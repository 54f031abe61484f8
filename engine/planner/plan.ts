import type { Placement } from '../model/flow.ts';
import type { WithdrawalCause } from '../model/placement-change.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { ReasonCode } from '../model/reason.ts';
import type { SliceQuota } from '../model/slice.ts';
import type { ThroughputLimit } from './throughput-limit.ts';
import type { TokenBucketOptions } from './token-bucket.ts';

/** Settings of the planner. */
export interface PlannerOptions {
  /**
   * Time for which a moved flow is not moved again for a rule or a score set by a rule, ms. Moves for
   * safety and swaps with a known gain do not wait.
   */
  readonly minHoldMs: number;
  /** Budget of operations; operations for safety are charged to it but never delayed. */
  readonly operations: TokenBucketOptions;
  /**
   * Part of the gain of all swaps that is left undone to save operations, 0 to 1; left out: 0.08.
   */
  readonly skippedGains?: number;
}

/** What the planner may use of one backend's table. */
export interface TableBudget {
  readonly placement: typeof Placement.offload | typeof Placement.fastPath;
  /** Learned entries, including those in use. */
  readonly entries: number;
  /** Slices; `decision.slice` is 1 + an index into them. */
  readonly slices: readonly SliceQuota[];
  readonly ports: PortSnapshot;
  /** Limits on the expected traffic of the backend's flows. */
  readonly limits: readonly ThroughputLimit[];
  /** True if the backend can express the row's flow. */
  supports(row: number): boolean;
  /**
   * The flows without an entry that may get one; all others wait for the next plan. Left out: all may.
   */
  readonly newcomers?: ReadonlySet<number> | undefined;
  /**
   * What else keeps the row's flow from having an entry; an entry that it has is removed. Left out:
   * nothing.
   */
  readonly obstacle?: (row: number) => ReasonCode | undefined;
}

/** Entries of a table that one slice uses and may use. */
export interface SliceShare {
  /** Name; undefined for all flows of no declared slice. */
  readonly slice: string | undefined;
  readonly weight: number;
  readonly guaranteed: number;
  readonly maximum: number;
  /** Flows that request an entry and have or are worth one. */
  readonly wanted: number;
  /** Entries due to it now. */
  readonly share: number;
  /** Entries it uses after the plan. */
  readonly used: number;
}

/** A limit, and the expected traffic of the flows that a plan places within it. */
export interface LimitUse extends ThroughputLimit {
  readonly expectedPacketsPerSecond: number;
  readonly expectedBitsPerSecond: number;
}

/** The moves for one backend, and the numbers behind them. Valid until the next plan. */
export interface Plan {
  /** Rows to withdraw, then rows to install. */
  readonly withdraw: readonly number[];
  /** Causes, by index into `withdraw`. */
  readonly withdrawalCauses: readonly WithdrawalCause[];
  readonly install: readonly number[];
  /**
   * By index into `install`: the row of `withdraw` whose entry the newcomer takes over, or -1 if it
   * gets a free entry. If the backend refuses the newcomer, that row keeps its entry.
   */
  readonly replaced: readonly number[];
  /**
   * Rows to install, best first, while entries stay free because the backend refused others: no limit
   * or maximum is exceeded, whichever of them are installed.
   */
  readonly spares: Int32Array;
  /**
   * Rows whose entries are worth least, worst first, if their places are worth trying for newcomers
   * that found none.
   *
   * @param refused rows of the newcomers
   * @param share part of the table that is to yield, 0 to 1
   */
  readonly fillersFor: (refused: readonly number[], share: number) => readonly number[];
  /** Score that a newcomer had to exceed; -Infinity if there was room for all. */
  readonly cutoff: number;
  /** Worth below which a flow is not placed, packets/s. */
  readonly threshold: number;
  /** Minimum gain in worth for which entries are swapped, packets/s. */
  readonly swapGain: number;
  /** Flows that request an entry, including those that have one. */
  readonly contenders: number;
  /** Operations left in the budget at the start of the plan. */
  readonly budget: number;
  readonly shares: readonly SliceShare[];
  readonly limits: readonly LimitUse[];
}
