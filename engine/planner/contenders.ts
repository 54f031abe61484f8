import { Placement, RequestedPlacement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { giveReason, type ReasonCode, ReasonStage, reasonIndex } from '../model/reason.ts';
import type { WithdrawalCause } from '../model/placement-change.ts';
import { SideTable } from '../model/side-table.ts';
import type { Groups } from './groups.ts';
import type { TableBudget } from './plan.ts';
import type { Throughput } from './throughput.ts';

/** Score of a flow that no rule requests: it yields to every flow that a rule requests. */
export const UNREQUESTED = Number.NEGATIVE_INFINITY;

/** Inputs of {@link Contenders}. */
export interface ContendersOptions {
  readonly table: FlowTable;
  readonly tableBudget: TableBudget;
  /** Minimum hold time of moved flows, ms, see {@link isHeldAfterMove}. */
  readonly minHoldMs: number;
  readonly nowMs: number;
  /** Operations left in the budget. */
  readonly budget: number;
  readonly groups: Groups;
  readonly throughput: Throughput;
}

/** Classifies the live rows before flows are chosen. Reused from plan to plan. */
export class Contenders {
  /** Flows that may have an entry: first those that have one, then those that request one. */
  rows = new Int32Array(0);
  count = 0;
  /** Number of these that have one. */
  incumbents = 0;
  readonly #byRow = new SideTable('row');
  readonly #keys = this.#byRow.float64();
  /** By row: the flow's score; {@link UNREQUESTED} if no rule requests it. */
  keys = this.#keys.values;
  /** Number of flows with an entry that cannot be moved now. */
  pinned = 0;
  /** Rows that a rule requests elsewhere, or that cannot keep their entry, within the budget. */
  readonly declined: number[] = [];
  /** Why, by index into `declined`. */
  readonly declinedCauses: WithdrawalCause[] = [];
  #newcomers = new Int32Array(0);
  #newcomerCount = 0;

  /** Classifies the live rows, and sets the reasons of those that cannot be chosen. */
  classify(o: ContendersOptions): void {
    const { table, tableBudget } = o;
    this.#resize(table);
    this.count = 0;
    this.pinned = 0;
    this.declined.length = 0;
    this.declinedCauses.length = 0;
    this.#newcomerCount = 0;
    const { placement, requested, score } = table.decision;
    const { newcomers } = tableBudget;
    const request = requestFor(tableBudget.placement);
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (placement[row] === tableBudget.placement) this.#classifyIncumbent(o, row, request);
      else if (
        placement[row] === Placement.onload &&
        requested[row] === request &&
        (newcomers === undefined || newcomers.has(row))
      ) {
        const obstacle = obstacleTo(o, row);
        if (obstacle === undefined) {
          this.#newcomers[this.#newcomerCount++] = row;
          this.keys[row] = score[row];
        } else {
          setReason(table, row, obstacle);
        }
      }
    }
    this.incumbents = this.count;
    this.rows.set(this.#newcomers.subarray(0, this.#newcomerCount), this.count);
    this.count += this.#newcomerCount;
  }

  #classifyIncumbent(o: ContendersOptions, row: number, request: RequestedPlacement): void {
    const { table, groups, throughput, budget, minHoldMs, nowMs } = o;
    const d = table.decision;
    const recent = nowMs - d.placedSinceMs[row] < minHoldMs;
    // A request for another placement: the flow has to leave this one first.
    const declined = d.requested[row] !== request && d.requested[row] !== RequestedPlacement.none;
    const held = recent && isHeldAfterMove(table, row);
    if (declined && !held && this.declined.length < budget) {
      this.#decline(table, row, 'policy', 'rule-onload');
      return;
    }
    const obstacle = o.tableBudget.obstacle?.(row);
    if (obstacle !== undefined && this.declined.length < budget) {
      const cause = obstacle === 'carries-nothing' ? obstacle : 'capacity';
      this.#decline(table, row, cause, obstacle);
      return;
    }
    const group = groups.groupOf(d.slice[row]);
    groups.used[group]++;
    if (held || declined) {
      this.pinned++;
      groups.pinned[group]++;
      throughput.addFlow(table, row);
      setReason(table, row, !declined ? 'placed' : held ? 'min-hold' : 'budget');
    } else {
      this.rows[this.count++] = row;
      this.keys[row] = d.requested[row] === request ? d.score[row] : UNREQUESTED;
      setReason(table, row, d.requested[row] === request ? 'placed' : 'incumbent');
    }
  }

  #decline(table: FlowTable, row: number, cause: WithdrawalCause, reason: ReasonCode): void {
    this.declined.push(row);
    this.declinedCauses.push(cause);
    setReason(table, row, reason);
  }

  #resize(table: FlowTable): void {
    this.#byRow.follow(table);
    this.keys = this.#keys.values;
    if (this.rows.length >= table.count) return;
    this.rows = new Int32Array(table.count * 2);
    this.#newcomers = new Int32Array(table.count * 2);
  }
}

/** Why a flow that requests an entry cannot have one, regardless of its worth. */
function obstacleTo(
  { table, tableBudget, minHoldMs, nowMs }: ContendersOptions,
  row: number,
): ReasonCode | undefined {
  const d = table.decision;
  if (d.score[row] <= 0 && table.forecast.worth[row] <= 0) return 'below-threshold';
  if (!tableBudget.supports(row)) return 'unsupported';
  const other = tableBudget.obstacle?.(row);
  if (other !== undefined) return other;
  if (d.retryAtMs[row] > nowMs) return 'refused';
  // The cheap condition first: most flows are scored by worth.
  if (!isHeldAfterMove(table, row)) return undefined;
  return nowMs - d.placedSinceMs[row] < minHoldMs ? 'min-hold' : undefined;
}

/**
 * True if the flow's score is its forecast worth and not set by a rule. The gain of moving such
 * flows is known, which keeps them from flapping; others have a minimum hold time instead.
 */
export function isScoredByWorth(table: FlowTable, row: number): boolean {
  return table.decision.scoredByWorth[row] === 1;
}

/**
 * True if the row's flow, once moved, is held for the planner's `minHoldMs`: a rule set its score,
 * no rule requests it, or a rule requests it elsewhere.
 */
export function isHeldAfterMove(table: FlowTable, row: number): boolean {
  if (!isScoredByWorth(table, row)) return true;
  const { placement, requested } = table.decision;
  return placement[row] !== Placement.onload && requested[row] !== requestFor(placement[row]);
}

/** True if a rule requests an entry for the row's flow, which has none. */
export function requestsEntry({ decision }: FlowTable, row: number, placement: Placement): boolean {
  return (
    decision.placement[row] === Placement.onload &&
    decision.requested[row] === requestFor(placement)
  );
}

/** The request that leads to a placement other than the vSwitch. */
function requestFor(placement: number): RequestedPlacement {
  return placement === Placement.offload ? RequestedPlacement.offload : RequestedPlacement.fastPath;
}

/** Gives the row's flow the planner's reason. */
export function setReason(table: FlowTable, row: number, code: ReasonCode): void {
  giveReason(table.decision, row, ReasonStage.plan, reasonIndex(code));
}
