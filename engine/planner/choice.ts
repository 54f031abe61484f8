import { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { ReasonCode } from '../model/reason.ts';
import { SideTable } from '../model/side-table.ts';
import { type Contenders, isScoredByWorth, setReason, UNASKED } from './contenders.ts';
import type { Groups } from './groups.ts';
import type { Throughput } from './throughput.ts';

/**
 * Where more ask than fit, flows that together are expected to bring less than this part of all worth
 * are left out: a hundred mice are not worth the operations that one elephant is.
 */
const LEFT_OUT = 0.001;

/** What a choice is made of. */
export interface ChoiceOptions {
  readonly table: FlowTable;
  readonly contenders: Contenders;
  readonly groups: Groups;
  readonly throughput: Throughput;
  /** Entries there are for contenders and pinned flows together. */
  readonly entries: number;
  /** The contenders' rows, best first; flows with an entry first among equals. */
  readonly order: Int32Array;
}

/** Chooses the flows that should have an entry, whatever it takes to get there. */
export class Choice {
  /** Newcomers that are chosen, best first. */
  newcomers = new Int32Array(0);
  newcomerCount = 0;
  /** Worth below which a newcomer is not placed. */
  threshold = 0;
  /** Score of the best one that was left out for want of room (0: no rule asks for it); else -Infinity. */
  cutoff = Number.NEGATIVE_INFINITY;
  /** Worth of all that are chosen. */
  worth = 0;
  /** Flows with an entry that passed a limit beyond which none may be placed. */
  mustGo = new Int32Array(0);
  mustGoCount = 0;
  /** By group: the last of a list of flows with an entry that were not chosen, worst last; -1. */
  #lastLoser = new Int32Array(0);
  readonly #byRow = new SideTable('row');
  /** The one before a row in its list, or -1. */
  readonly #previousLoser = this.#byRow.int32();
  #limited = new Int32Array(0);
  #filled = new Int32Array(0);

  /** Makes the choice. The groups' shares are settled by it. */
  make(o: ChoiceOptions): void {
    this.#fit(o.table, o.groups.count);
    this.newcomerCount = 0;
    this.mustGoCount = 0;
    this.worth = 0;
    this.cutoff = Number.NEGATIVE_INFINITY;
    const { count, pinned } = o.contenders;
    // Where there is room for all, nobody is in anybody's way.
    this.threshold = count + pinned > o.entries ? threshold(o.table, o.order, count) : 0;
    this.#countDemand(o);
    o.groups.settle(o.entries);
    this.#filled.set(o.groups.pinned);
    const limited = this.#walk(o);
    this.#secondChoice(o, limited);
  }

  /** True when the flow is expected to be worth an operation, or its score is the author's own. */
  isWorthAnOperation(table: FlowTable, row: number): boolean {
    return !isScoredByWorth(table, row) || table.decision.score[row] >= this.threshold;
  }

  /** The worst loser of a group; -1 when there is none. */
  worst(group: number): number {
    return this.#lastLoser[group];
  }

  /** Takes the worst loser of a group off its list. */
  dropWorst(group: number): void {
    this.#lastLoser[group] = this.#previousLoser.values[this.#lastLoser[group]];
  }

  #countDemand({ table, contenders, groups }: ChoiceOptions): void {
    const { rows, count, keys } = contenders;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      if (keys[row] === UNASKED) continue;
      const group = groups.of(table.decision.slice[row]);
      groups.asking[group]++;
      if (this.isWorthAnOperation(table, row)) groups.wanted[group]++;
    }
  }

  /** Takes the best of each group; returns how many were passed over for a limit. */
  #walk(o: ChoiceOptions): number {
    const { table, groups, throughput, order } = o;
    const { count } = o.contenders;
    let limited = 0;
    for (let i = 0; i < count; i++) {
      const row = order[i];
      const group = groups.of(table.decision.slice[row]);
      const newcomer = isNewcomer(table, row);
      if (this.#filled[group] >= groups.share[group]) {
        this.#leave(o, row, fullReason(groups, group));
        continue;
      }
      if (
        newcomer &&
        !this.isWorthAnOperation(table, row) &&
        this.#filled[group] >= groups.guaranteed[group]
      ) {
        this.#leave(o, row, 'below-threshold');
        continue;
      }
      const limit = throughput.passed(table, row, newcomer);
      if (limit < 0) {
        this.#take(o, row);
      } else if (throughput.isHard(limit)) {
        if (newcomer) setReason(table, row, 'fast-path-capacity');
        else this.mustGo[this.mustGoCount++] = row;
      } else {
        this.#limited[limited++] = row;
      }
    }
    return limited;
  }

  /** Entries that the others left goes to flows that a full port limits. */
  #secondChoice(o: ChoiceOptions, limited: number): void {
    const { table, groups } = o;
    for (let i = 0; i < limited; i++) {
      const row = this.#limited[i];
      const group = groups.of(table.decision.slice[row]);
      if (this.#filled[group] < groups.share[group]) this.#take(o, row);
      else this.#leave(o, row, 'port-bandwidth');
    }
  }

  #take({ table, groups, throughput }: ChoiceOptions, row: number): void {
    this.#filled[groups.of(table.decision.slice[row])]++;
    throughput.take(table, row);
    if (isScoredByWorth(table, row)) this.worth += table.decision.score[row];
    if (isNewcomer(table, row)) this.newcomers[this.newcomerCount++] = row;
  }

  #leave({ table, groups }: ChoiceOptions, row: number, reason: ReasonCode): void {
    if (isNewcomer(table, row)) {
      setReason(table, row, reason);
    } else {
      const group = groups.of(table.decision.slice[row]);
      this.#previousLoser.values[row] = this.#lastLoser[group];
      this.#lastLoser[group] = row;
    }
    if (reason !== 'below-threshold' && this.cutoff === Number.NEGATIVE_INFINITY) {
      this.cutoff = table.decision.score[row];
    }
  }

  #fit(table: FlowTable, groups: number): void {
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
 * The worth from which on flows are worth an operation: the largest below which all flows together
 * bring no more than {@link LEFT_OUT} of all worth. It so follows the traffic: where some elephants
 * send nearly everything it is high, where all flows are alike it is 0.
 */
function threshold(table: FlowTable, order: Int32Array, count: number): number {
  const { worth } = table.forecast;
  let all = 0;
  for (let i = 0; i < count; i++) if (isScoredByWorth(table, order[i])) all += worth[order[i]];
  let slack = all * LEFT_OUT;
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
