import { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { ReasonCode } from '../model/reason.ts';
import { SideTable } from '../model/side-table.ts';
import { type Contenders, isScoredByWorth, setReason, UNREQUESTED } from './contenders.ts';
import type { Groups } from './groups.ts';
import type { Throughput } from './throughput.ts';

/**
 * When more flows request entries than fit, those that together bring less than this part of all
 * worth are left out: a hundred mice are not worth the operations.
 */
const NEGLIGIBLE_WORTH = 0.001;

/** Maximum number of spares of a plan. */
const MAX_SPARES = 512;

/** Inputs of a {@link Choice}. */
export interface ChoiceOptions {
  readonly table: FlowTable;
  readonly contenders: Contenders;
  readonly groups: Groups;
  readonly throughput: Throughput;
  /** Entries for contenders and pinned flows together. */
  readonly entries: number;
  /** The contenders' rows, best first; flows with an entry first among equals. */
  readonly order: Int32Array;
}

/** Chooses the flows that should have an entry, regardless of the operations that this needs. */
export class Choice {
  /** Chosen newcomers, best first. */
  newcomers = new Int32Array(0);
  newcomerCount = 0;
  /**
   * Newcomers without room, best first, at most {@link MAX_SPARES}: for entries that stay free because
   * the backend refuses others.
   */
  readonly spares = new Int32Array(MAX_SPARES);
  spareCount = 0;
  /** Worth below which a newcomer is not placed. */
  threshold = 0;
  /** Score of the best flow without room (0: no rule requests it); -Infinity if there was room. */
  cutoff = Number.NEGATIVE_INFINITY;
  /** Total worth of the chosen flows. */
  worth = 0;
  /** Flows with an entry that exceed a hard limit. */
  mustGo = new Int32Array(0);
  mustGoCount = 0;
  /** By group: end of the list of flows with an entry that were not chosen, worst last; or -1. */
  #lastLoser = new Int32Array(0);
  readonly #byRow = new SideTable('row');
  /** Row before this one in its list, or -1. */
  readonly #previousLoser = this.#byRow.int32();
  #limited = new Int32Array(0);
  #filled = new Int32Array(0);

  /** Chooses flows, and divides the entries among the groups. */
  choose(o: ChoiceOptions): void {
    this.#resize(o.table, o.groups.count);
    this.newcomerCount = 0;
    this.spareCount = 0;
    this.mustGoCount = 0;
    this.worth = 0;
    this.cutoff = Number.NEGATIVE_INFINITY;
    const { count, pinned } = o.contenders;
    // With room for all flows there is no threshold.
    this.threshold = count + pinned > o.entries ? threshold(o.table, o.order, count) : 0;
    this.#countDemand(o);
    o.groups.divide(o.entries);
    this.#filled.set(o.groups.pinned);
    const limited = this.#chooseByScore(o);
    this.#fillWithLimited(o, limited);
  }

  /** True if the flow's worth reaches the threshold, or a rule set its score. */
  isWorthAnOperation(table: FlowTable, row: number): boolean {
    return !isScoredByWorth(table, row) || table.decision.score[row] >= this.threshold;
  }

  /** The worst loser (a flow with an entry that was not chosen) of a group, or -1. */
  worst(group: number): number {
    return this.#lastLoser[group];
  }

  /** Removes the worst loser of a group from its list. */
  dropWorst(group: number): void {
    this.#lastLoser[group] = this.#previousLoser.values[this.#lastLoser[group]];
  }

  #countDemand({ table, contenders, groups }: ChoiceOptions): void {
    const { rows, count, keys } = contenders;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      if (keys[row] === UNREQUESTED) continue;
      const group = groups.groupOf(table.decision.slice[row]);
      groups.requesting[group]++;
      if (this.isWorthAnOperation(table, row)) groups.wanted[group]++;
    }
  }

  /** Chooses the best flows of each group; returns the number of flows skipped for a soft limit. */
  #chooseByScore(o: ChoiceOptions): number {
    const { table, groups, throughput, order } = o;
    const { count } = o.contenders;
    let limited = 0;
    for (let i = 0; i < count; i++) {
      const row = order[i];
      const group = groups.groupOf(table.decision.slice[row]);
      const newcomer = isNewcomer(table, row);
      if (this.#filled[group] >= groups.share[group]) {
        this.#reject(o, row, fullReason(groups, group));
        continue;
      }
      if (
        newcomer &&
        !this.isWorthAnOperation(table, row) &&
        this.#filled[group] >= groups.guaranteed[group]
      ) {
        this.#reject(o, row, 'below-threshold');
        continue;
      }
      const limit = throughput.exceededLimit(table, row, newcomer);
      if (limit < 0) {
        this.#accept(o, row);
      } else if (throughput.isHard(limit)) {
        if (newcomer) setReason(table, row, 'fast-path-capacity');
        else this.mustGo[this.mustGoCount++] = row;
      } else {
        this.#limited[limited++] = row;
      }
    }
    return limited;
  }

  /** Gives the entries that are left to flows of a full port. */
  #fillWithLimited(o: ChoiceOptions, limited: number): void {
    const { table, groups } = o;
    for (let i = 0; i < limited; i++) {
      const row = this.#limited[i];
      const group = groups.groupOf(table.decision.slice[row]);
      if (this.#filled[group] < groups.share[group]) this.#accept(o, row);
      else this.#reject(o, row, 'port-bandwidth');
    }
  }

  #accept({ table, groups, throughput }: ChoiceOptions, row: number): void {
    this.#filled[groups.groupOf(table.decision.slice[row])]++;
    throughput.addFlow(table, row);
    if (isScoredByWorth(table, row)) this.worth += table.decision.score[row];
    if (isNewcomer(table, row)) this.newcomers[this.newcomerCount++] = row;
  }

  #reject(o: ChoiceOptions, row: number, reason: ReasonCode): void {
    const { table, groups } = o;
    if (isNewcomer(table, row)) {
      setReason(table, row, reason);
      if (this.spareCount < MAX_SPARES && this.#canBeSpare(o, row, reason)) {
        this.spares[this.spareCount++] = row;
      }
    } else {
      const group = groups.groupOf(table.decision.slice[row]);
      this.#previousLoser.values[row] = this.#lastLoser[group];
      this.#lastLoser[group] = row;
    }
    if (reason !== 'below-threshold' && this.cutoff === Number.NEGATIVE_INFINITY) {
      this.cutoff = table.decision.score[row];
    }
  }

  /**
   * True if nothing but a lack of entries is in the way: whichever spares are placed, no slice
   * exceeds its maximum, and no fast path its throughput.
   */
  #canBeSpare(
    { table, groups, throughput }: ChoiceOptions,
    row: number,
    reason: ReasonCode,
  ): boolean {
    if (reason !== 'table-full' && reason !== 'slice-share') return false;
    const group = groups.groupOf(table.decision.slice[row]);
    if (groups.maximum[group] < groups.maximum[0] || throughput.hasHardLimit) return false;
    return this.isWorthAnOperation(table, row);
  }

  #resize(table: FlowTable, groups: number): void {
    if (this.#lastLoser.length !== groups) {
      this.#lastLoser = new Int32Array(groups);
      this.#filled = new Int32Array(groups);
    }
    this.#lastLoser.fill(-1);
    this.#byRow.follow(table);
    if (this.newcomers.length >= table.count) return;
    this.newcomers = new Int32Array(table.count * 2);
    this.#limited = new Int32Array(table.count * 2);
    this.mustGo = new Int32Array(table.count * 2);
  }
}

function isNewcomer(table: FlowTable, row: number): boolean {
  return table.decision.placement[row] === Placement.onload;
}

/**
 * Minimum worth of a flow for an operation: the largest value below which all flows together bring
 * no more than {@link NEGLIGIBLE_WORTH} of all worth. It adapts to the traffic: high if a few
 * elephants send nearly everything, 0 if all flows are alike.
 */
function threshold(table: FlowTable, order: Int32Array, count: number): number {
  const { worth } = table.forecast;
  let all = 0;
  for (let i = 0; i < count; i++) if (isScoredByWorth(table, order[i])) all += worth[order[i]];
  let slack = all * NEGLIGIBLE_WORTH;
  for (let i = count - 1; i >= 0; i--) {
    const row = order[i];
    if (!isScoredByWorth(table, row)) continue;
    slack -= worth[row];
    if (slack < 0) return worth[row];
  }
  return 0;
}

function fullReason(groups: Groups, group: number): ReasonCode {
  if (groups.share[group] >= groups.maximum[group] && groups.maximum[group] < groups.maximum[0]) {
    return 'slice-maximum';
  }
  return groups.count > 1 ? 'slice-share' : 'table-full';
}
