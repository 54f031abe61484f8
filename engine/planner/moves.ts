import type { FlowTable } from '../model/flow-table.ts';
import type { WithdrawalCause } from '../model/placement-change.ts';
import type { Choice } from './choice.ts';
import { type Contenders, isScoredByWorth, setReason, UNREQUESTED } from './contenders.ts';
import { GainThreshold } from './gain-threshold.ts';
import type { Groups } from './groups.ts';

/** Minimum score of a newcomer over that of the flow it displaces: small differences are noise. */
export const MIN_SCORE_RATIO = 1.2;

/** No row: the newcomer gets a free entry. */
const NONE = -1;

/** Inputs of {@link Moves}. */
export interface MovesOptions {
  readonly table: FlowTable;
  readonly contenders: Contenders;
  readonly groups: Groups;
  readonly choice: Choice;
  /** Entries, including those of pinned flows. */
  readonly entries: number;
  /** Operations left in the budget, including those for declined flows. */
  readonly budget: number;
}

/**
 * Plans the moves from the flows that have an entry to the chosen ones: first entries that must go,
 * then entries due to slices, then swaps, best first, while they gain enough.
 */
export class Moves {
  readonly withdraw: number[] = [];
  /** By index into `withdraw`. */
  readonly withdrawalCauses: WithdrawalCause[] = [];
  readonly install: number[] = [];
  /** By index into `install`: the row whose entry it takes over, or -1. */
  readonly replaced: number[] = [];
  /** Minimum gain for which entries were swapped, packets/s. */
  swapGain = 0;
  readonly #threshold: GainThreshold;
  #free = 0;
  #tokens = 0;
  #waiting: Int32Array = new Int32Array(0);
  /** Candidate swaps: newcomer, loser, and gain; gain NaN: swap in any case. */
  #newcomers = new Int32Array(0);
  #losers = new Int32Array(0);
  #gains = new Float64Array(0);
  #pairs = 0;

  /** @param skippedGains as in {@link GainThreshold} */
  constructor(skippedGains?: number) {
    this.#threshold = new GainThreshold(skippedGains);
  }

  planMoves(o: MovesOptions): void {
    const { contenders, choice, groups } = o;
    this.withdraw.length = 0;
    this.withdrawalCauses.length = 0;
    this.install.length = 0;
    this.replaced.length = 0;
    for (const row of contenders.declined) this.withdraw.push(row);
    for (const cause of contenders.declinedCauses) this.withdrawalCauses.push(cause);
    this.#tokens = o.budget - this.withdraw.length;
    this.#free = o.entries - contenders.pinned - contenders.incumbents;
    this.#resize(choice.newcomerCount);
    this.#evictExcess(o);
    let waiting: Int32Array = choice.newcomers.subarray(0, choice.newcomerCount);
    waiting = this.#fillTo(o, waiting, groups.guaranteed);
    waiting = this.#fillTo(o, waiting, groups.share);
    this.#pair(o, waiting);
    this.#swap(o);
  }

  /** Evicts flows beyond a hard limit, a maximum or the table, regardless of the budget. */
  #evictExcess(o: MovesOptions): void {
    const { groups, choice } = o;
    for (let i = 0; i < choice.mustGoCount; i++) {
      this.#evict(o, choice.mustGo[i], 'capacity', 'fast-path-capacity');
    }
    for (let group = 0; group < groups.count; group++) {
      while (groups.used[group] > groups.maximum[group]) {
        const row = this.#popWorst(o, group);
        if (row < 0) break;
        this.#evict(o, row, 'capacity', 'slice-maximum');
      }
    }
    while (this.#free < 0) {
      const row = this.#popWorstOfAll(o, true) ?? this.#popWorstOfAll(o, false);
      if (row === undefined) break;
      this.#evict(o, row, 'capacity', 'table-full');
    }
  }

  /**
   * Places `rows`, best first, until each group has `due` entries; groups above their share give up
   * entries for it. Returns the rows for later steps.
   */
  #fillTo(o: MovesOptions, rows: Int32Array, due: Int32Array): Int32Array {
    const { table, groups } = o;
    let left = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const group = groups.groupOf(table.decision.slice[row]);
      if (groups.used[group] >= Math.min(due[group], groups.share[group])) {
        this.#waiting[left++] = row;
        continue;
      }
      const cost = this.#free > 0 ? 1 : 2;
      if (this.#tokens < cost) {
        setReason(table, row, 'budget');
        continue;
      }
      const loser = this.#free > 0 ? undefined : this.#popWorstOfAll(o, true);
      if (this.#free <= 0 && loser === undefined) {
        setReason(table, row, 'table-full');
        continue;
      }
      if (loser !== undefined) this.#evict(o, loser, 'displacement', 'slice-share');
      this.#place(o, row, loser ?? NONE);
    }
    return this.#waiting.subarray(0, left);
  }

  /** Pairs the best newcomers of each group with its worst losers. */
  #pair(o: MovesOptions, rows: Int32Array): void {
    const { table, groups, choice, contenders } = o;
    this.#pairs = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const group = groups.groupOf(table.decision.slice[row]);
      const loser = choice.worst(group);
      if (loser < 0) {
        setReason(table, row, 'table-full');
        continue;
      }
      const { score } = table.decision;
      const gain = score[row] - score[loser];
      const byWorth =
        isScoredByWorth(table, row) &&
        (isScoredByWorth(table, loser) || contenders.keys[loser] === UNREQUESTED);
      if (contenders.keys[row] <= MIN_SCORE_RATIO * contenders.keys[loser]) {
        setReason(table, row, 'table-full');
        continue;
      }
      choice.dropWorst(group);
      this.#newcomers[this.#pairs] = row;
      this.#losers[this.#pairs] = loser;
      this.#gains[this.#pairs++] = byWorth ? gain : Number.NaN;
    }
  }

  #swap(o: MovesOptions): void {
    const { table, choice } = o;
    this.swapGain = this.#threshold.compute(this.#gains, this.#pairs, choice.worth);
    for (let i = 0; i < this.#pairs; i++) {
      const row = this.#newcomers[i];
      if (this.#gains[i] < this.swapGain) {
        setReason(table, row, 'small-gain');
      } else if (this.#tokens < 2) {
        setReason(table, row, 'budget');
      } else {
        this.#evict(o, this.#losers[i], 'displacement', 'table-full');
        this.#place(o, row, this.#losers[i]);
      }
    }
  }

  #place({ table, groups }: MovesOptions, row: number, replaced: number): void {
    groups.used[groups.groupOf(table.decision.slice[row])]++;
    this.#free--;
    this.#tokens--;
    this.install.push(row);
    this.replaced.push(replaced);
    setReason(table, row, 'installing');
  }

  #evict(
    { table, groups }: MovesOptions,
    row: number,
    cause: WithdrawalCause,
    reason: 'table-full' | 'slice-share' | 'slice-maximum' | 'fast-path-capacity',
  ): void {
    groups.used[groups.groupOf(table.decision.slice[row])]--;
    this.#free++;
    this.#tokens--;
    this.withdraw.push(row);
    this.withdrawalCauses.push(cause);
    setReason(table, row, reason);
  }

  /** Removes and returns the worst loser of a group, or -1. */
  #popWorst({ choice }: MovesOptions, group: number): number {
    const row = choice.worst(group);
    if (row >= 0) choice.dropWorst(group);
    return row;
  }

  /** Removes and returns the worst loser of all groups, or of those above their share. */
  #popWorstOfAll(o: MovesOptions, aboveShare: boolean): number | undefined {
    const { groups, choice, contenders } = o;
    let worst = -1;
    for (let group = 0; group < groups.count; group++) {
      if (aboveShare && groups.used[group] <= groups.share[group]) continue;
      const row = choice.worst(group);
      if (row < 0) continue;
      if (worst < 0 || contenders.keys[row] < contenders.keys[choice.worst(worst)]) worst = group;
    }
    return worst < 0 ? undefined : this.#popWorst(o, worst);
  }

  #resize(newcomers: number): void {
    if (this.#waiting.length >= newcomers) return;
    this.#waiting = new Int32Array(newcomers * 2);
    this.#newcomers = new Int32Array(newcomers * 2);
    this.#losers = new Int32Array(newcomers * 2);
    this.#gains = new Float64Array(newcomers * 2);
  }
}
