import { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { giveReason, type ReasonCode, ReasonStage, reasonIndex } from '../model/reason.ts';
import { SideTable } from '../model/side-table.ts';
import { type Contenders, isScoredByWorth, setReason, UNREQUESTED } from './contenders.ts';
import type { Groups } from './groups.ts';
import { Ranking } from './ranking.ts';
import type { Throughput } from './throughput.ts';
import { WorthThreshold } from './worth-threshold.ts';

/** Maximum number of spares of a plan. */
const MAX_SPARES = 512;

const BELOW_THRESHOLD = reasonIndex('below-threshold');
const PORT_BANDWIDTH = reasonIndex('port-bandwidth');

/** Inputs of a {@link Choice}. */
export interface ChoiceOptions {
  readonly table: FlowTable;
  readonly contenders: Contenders;
  readonly groups: Groups;
  readonly throughput: Throughput;
  /** Entries for contenders and pinned flows together. */
  readonly entries: number;
  /** Rows to sort before others are rejected, at least; left out: as many as usually suffice. */
  readonly sorted?: number;
}

/**
 * Chooses the flows that should have an entry, regardless of the operations that this needs.
 *
 * Only the best are sorted: as many as the table has entries, and some. Of the others, those that
 * cannot be chosen any more are rejected in any order; then the best of the rest are sorted, and so on.
 * The result is that of sorting all.
 */
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
  /**
   * Score of the best flow without room (0: no rule requests it), of those that are worth an operation;
   * -Infinity if there was room.
   */
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
  readonly #ranking = new Ranking();
  readonly #threshold = new WorthThreshold();
  #limited = new Int32Array(0);
  #limitedCount = 0;
  #kept = new Int32Array(0);
  #order = new Int32Array(0);
  #orderCount = 0;
  #filled = new Int32Array(0);
  /** By group: flows skipped for a soft limit so far. */
  #waiting = new Int32Array(0);

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
    this.threshold =
      count + pinned > o.entries ? this.#threshold.find(o.table, o.contenders.rows, count) : 0;
    this.#countDemand(o);
    o.groups.divide(o.entries);
    this.#filled.set(o.groups.pinned);
    this.#limitedCount = 0;
    this.#waiting.fill(0);
    this.#chooseBestFirst(o);
    this.#fillWithLimited(o);
  }

  /**
   * The contenders' rows, best first, without newcomers that were rejected unsorted; flows with an
   * entry first among equals. As of the last choice.
   */
  get order(): Int32Array {
    return this.#order.subarray(0, this.#orderCount);
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
    const { slice, score, scoredByWorth } = table.decision;
    const { requesting, wanted } = groups;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      if (keys[row] === UNREQUESTED) continue;
      const group = groups.groupOf(slice[row]);
      requesting[group]++;
      if (scoredByWorth[row] === 0 || score[row] >= this.threshold) wanted[group]++;
    }
  }

  /** Chooses by score: sorts the best, rejects what cannot be chosen of the others, and so on. */
  #chooseBestFirst(o: ChoiceOptions): void {
    const { contenders, groups } = o;
    const ranking = this.#ranking;
    const fullReasons = groups.share.map((_, group) => reasonIndex(fullReason(groups, group)));
    let { rows, count } = contenders;
    this.#orderCount = 0;
    let min = o.sorted ?? o.entries + MAX_SPARES;
    for (let round = 0; count > 0; round++) {
      ranking.split(rows, count, contenders.keys, min);
      this.#order.set(ranking.head, this.#orderCount);
      this.#orderCount += ranking.head.length;
      this.#chooseByScore(o, ranking.head);
      count = this.#rejectFrom(o, ranking.tail, fullReasons);
      rows = this.#kept;
      // What is left is often rejected once a few more are chosen.
      min = round === 0 ? Math.ceil(min / 8) : min * 4;
    }
  }

  /** Rejects newcomers that cannot be chosen; the others are the first rows of `#kept`. */
  #rejectFrom(o: ChoiceOptions, rows: Int32Array, fullReasons: Int32Array): number {
    let kept = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (isNewcomer(o.table, row) && this.#rejectUnsorted(o, row, fullReasons)) continue;
      this.#kept[kept++] = row;
    }
    return kept;
  }

  /** Rejects a newcomer of the tail that cannot be chosen, whichever of the others are. */
  #rejectUnsorted(o: ChoiceOptions, row: number, fullReasons: Int32Array): boolean {
    const { table, groups, throughput } = o;
    const group = groups.groupOf(table.decision.slice[row]);
    if (this.#filled[group] >= groups.share[group]) {
      if (this.spareCount < MAX_SPARES && this.#isPossibleSpare(o, row, group)) return false;
      this.#useCutoff(table, row);
      giveReason(table.decision, row, ReasonStage.plan, fullReasons[group]);
      return true;
    }
    if (!this.isWorthAnOperation(table, row) && this.#hasGuarantee(groups, group)) {
      giveReason(table.decision, row, ReasonStage.plan, BELOW_THRESHOLD);
      return true;
    }
    // What exceeds a limit now exceeds it later, too: the sums only grow.
    const limit = throughput.exceededLimit(table, row, true);
    if (limit < 0 || throughput.isHard(limit)) return false;
    // Better flows wait for all entries that may be left.
    if (this.#filled[group] + this.#waiting[group] < groups.share[group]) return false;
    this.#useCutoff(table, row);
    giveReason(table.decision, row, ReasonStage.plan, PORT_BANDWIDTH);
    return true;
  }

  /** Chooses the best flows of each group, in the order of `rows`. */
  #chooseByScore(o: ChoiceOptions, rows: Int32Array): void {
    const { table, groups, throughput } = o;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const group = groups.groupOf(table.decision.slice[row]);
      const newcomer = isNewcomer(table, row);
      if (this.#filled[group] >= groups.share[group]) {
        this.#reject(o, row, fullReason(groups, group));
        continue;
      }
      if (newcomer && !this.isWorthAnOperation(table, row) && this.#hasGuarantee(groups, group)) {
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
        this.#limited[this.#limitedCount++] = row;
        this.#waiting[group]++;
      }
    }
  }

  /** True if the group's flows have what it is guaranteed, or all that it is due. */
  #hasGuarantee(groups: Groups, group: number): boolean {
    return this.#filled[group] >= Math.min(groups.guaranteed[group], groups.share[group]);
  }

  /** Gives the entries that are left to flows of a full port. */
  #fillWithLimited(o: ChoiceOptions): void {
    const { table, groups } = o;
    for (let i = 0; i < this.#limitedCount; i++) {
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
    this.#useCutoff(table, row);
  }

  /** Counts a rejected flow. Newcomers that are not worth an operation would not get one anyway. */
  #useCutoff(table: FlowTable, row: number): void {
    const score = table.decision.score[row];
    if (score <= this.cutoff) return;
    if (isNewcomer(table, row) && !this.isWorthAnOperation(table, row)) return;
    this.cutoff = score;
  }

  /**
   * True if nothing but a lack of entries is in the way: whichever spares are placed, no slice
   * exceeds its maximum, and no fast path its throughput.
   */
  #canBeSpare(o: ChoiceOptions, row: number, reason: ReasonCode): boolean {
    if (reason !== 'table-full' && reason !== 'slice-share') return false;
    return this.#isPossibleSpare(o, row, o.groups.groupOf(o.table.decision.slice[row]));
  }

  #isPossibleSpare(
    { table, groups, throughput }: ChoiceOptions,
    row: number,
    group: number,
  ): boolean {
    if (groups.maximum[group] < groups.maximum[0] || throughput.hasHardLimit) return false;
    return this.isWorthAnOperation(table, row);
  }

  #resize(table: FlowTable, groups: number): void {
    if (this.#lastLoser.length !== groups) {
      this.#lastLoser = new Int32Array(groups);
      this.#filled = new Int32Array(groups);
      this.#waiting = new Int32Array(groups);
    }
    this.#lastLoser.fill(-1);
    this.#byRow.follow(table);
    if (this.newcomers.length >= table.count) return;
    this.newcomers = new Int32Array(table.count * 2);
    this.#limited = new Int32Array(table.count * 2);
    this.#kept = new Int32Array(table.count * 2);
    this.#order = new Int32Array(table.count * 2);
    this.mustGo = new Int32Array(table.count * 2);
  }
}

function isNewcomer(table: FlowTable, row: number): boolean {
  return table.decision.placement[row] === Placement.onload;
}

function fullReason(groups: Groups, group: number): ReasonCode {
  if (groups.share[group] >= groups.maximum[group] && groups.maximum[group] < groups.maximum[0]) {
    return 'slice-maximum';
  }
  return groups.count > 1 ? 'slice-share' : 'table-full';
}
