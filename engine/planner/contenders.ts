import { Placement, RequestedPlacement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { giveReason, type ReasonCode, ReasonStage, reasonIndex } from '../model/reason.ts';
import { SideTable } from '../model/side-table.ts';
import type { Groups } from './groups.ts';
import type { TableBudget } from './plan.ts';
import type { Throughput } from './throughput.ts';

/** In place of the score of a flow that no rule asks for: it makes way for every flow that one does. */
export const UNASKED = Number.NEGATIVE_INFINITY;

/** What rows are sorted by. */
export interface ContendersOptions {
  readonly table: FlowTable;
  readonly tableBudget: TableBudget;
  /** How long a moved flow is held, unless what its moves gain is known, ms. */
  readonly minHoldMs: number;
  readonly nowMs: number;
  /** Operations that can be afforded. */
  readonly budget: number;
  readonly groups: Groups;
  readonly throughput: Throughput;
}

/** Sends each live row to where it belongs before anything is chosen. Reused from plan to plan. */
export class Contenders {
  /** Flows that may have an entry: those that have one first, then those that ask for one. */
  rows = new Int32Array(0);
  count = 0;
  /** How many of them have one. */
  incumbents = 0;
  readonly #byRow = new SideTable('row');
  readonly #keys = this.#byRow.float64();
  /** By row: the flow's score; {@link UNASKED} where no rule asks for it. */
  keys = this.#keys.values;
  /** Flows with an entry that cannot be moved now. */
  pinned = 0;
  /** Rows that a rule wants back, as far as the budget goes. */
  readonly declined: number[] = [];
  #newcomers = new Int32Array(0);
  #newcomerCount = 0;

  /** Sorts the live rows and writes the reasons of those that are out of the question. */
  sort(o: ContendersOptions): void {
    const { table, tableBudget } = o;
    this.#fit(table);
    this.count = 0;
    this.pinned = 0;
    this.declined.length = 0;
    this.#newcomerCount = 0;
    const { placement, requested } = table.decision;
    const asks = requestFor(tableBudget.placement);
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (placement[row] === tableBudget.placement) this.#sortIncumbent(o, row, asks);
      else if (placement[row] === Placement.onload && requested[row] === asks)
        this.#sortAsker(o, row);
    }
    this.incumbents = this.count;
    this.rows.set(this.#newcomers.subarray(0, this.#newcomerCount), this.count);
    this.count += this.#newcomerCount;
  }

  #sortIncumbent(
    { table, groups, throughput, budget, minHoldMs, nowMs }: ContendersOptions,
    row: number,
    asks: RequestedPlacement,
  ): void {
    const d = table.decision;
    const recent = nowMs - d.placedSinceMs[row] < minHoldMs;
    // A requested for any other place: it has to leave this one first.
    const declined = d.requested[row] !== asks && d.requested[row] !== RequestedPlacement.none;
    const held = recent && isHeldAfterMove(table, row);
    if (declined && !held && this.declined.length < budget) {
      this.declined.push(row);
      setReason(table, row, 'rule-onload');
      return;
    }
    const group = groups.of(d.slice[row]);
    groups.used[group]++;
    if (held || declined) {
      this.pinned++;
      groups.pinned[group]++;
      throughput.take(table, row);
      setReason(table, row, !declined ? 'placed' : held ? 'min-hold' : 'budget');
    } else {
      this.rows[this.count++] = row;
      this.keys[row] = d.requested[row] === asks ? d.score[row] : UNASKED;
      setReason(table, row, d.requested[row] === asks ? 'placed' : 'incumbent');
    }
  }

  #sortAsker(o: ContendersOptions, row: number): void {
    const obstacle = obstacleTo(o, row);
    if (obstacle !== undefined) {
      setReason(o.table, row, obstacle);
      return;
    }
    this.#newcomers[this.#newcomerCount++] = row;
    this.keys[row] = o.table.decision.score[row];
  }

  #fit(table: FlowTable): void {
    this.#byRow.follow(table);
    this.keys = this.#keys.values;
    if (this.rows.length >= table.count) return;
    this.rows = new Int32Array(table.count * 2);
    this.#newcomers = new Int32Array(table.count * 2);
  }
}

/** Why a flow that asks for an entry cannot have one, whatever it is worth. */
function obstacleTo(
  { table, tableBudget, minHoldMs, nowMs }: ContendersOptions,
  row: number,
): ReasonCode | undefined {
  const d = table.decision;
  if (d.score[row] <= 0 && table.forecast.worth[row] <= 0) return 'below-threshold';
  if (!tableBudget.supports(row)) return 'unsupported';
  if (d.retryAtMs[row] > nowMs) return 'refused';
  const recent = nowMs - d.placedSinceMs[row] < minHoldMs;
  if (recent && isHeldAfterMove(table, row)) return 'min-hold';
  return undefined;
}

/**
 * True when the flow's score is its forecast worth, and not a number of the policy author's. What
 * moves of such flows gain is known, and keeps them from flapping; others are held where they are.
 */
export function isScoredByWorth(table: FlowTable, row: number): boolean {
  return table.decision.scoredByWorth[row] === 1;
}

/**
 * True when the row's flow, once moved, is held for the planner's `minHoldMs`: a rule set its score,
 * no rule asks for it, or a rule wants it elsewhere.
 */
export function isHeldAfterMove(table: FlowTable, row: number): boolean {
  if (!isScoredByWorth(table, row)) return true;
  const { placement, requested } = table.decision;
  return placement[row] !== Placement.onload && requested[row] !== requestFor(placement[row]);
}

/** What a rule asks for that wants a flow on a path other than the vSwitch. */
function requestFor(placement: number): RequestedPlacement {
  return placement === Placement.offload ? RequestedPlacement.offload : RequestedPlacement.fastPath;
}

/** Gives the row's flow the planner's reason. */
export function setReason(table: FlowTable, row: number, code: ReasonCode): void {
  giveReason(table.decision, row, ReasonStage.plan, reasonIndex(code));
}
