import type { FlowTable } from '../model/flow-table.ts';
import type { WithdrawalCause } from '../model/placement-change.ts';
import type { Choice } from './choice.ts';
import { type Contenders, isScoredByWorth, setReason, UNASKED } from './contenders.ts';
import { GainThreshold } from './gain-threshold.ts';
import type { Groups } from './groups.ts';

/** So many times better a newcomer has to be to take an entry: numbers are never quite the same. */
const CLEARLY_BETTER = 1.2;

/** What moves are made of. */
export interface MovesOptions {
  readonly table: FlowTable;
  readonly contenders: Contenders;
  readonly groups: Groups;
  readonly choice: Choice;
  /** Entries there are, pinned flows' included. */
  readonly entries: number;
  /** Operations that can be afforded, those for declined flows included. */
  readonly budget: number;
}

/**
 * Finds the way from the flows that have an entry to those that should: first what has to go, then
 * what is due to slices, then swaps, the best first, while they gain enough.
 */
export class Moves {
  readonly withdraw: number[] = [];
  /** By place in `withdraw`. */
  readonly withdrawalCauses: WithdrawalCause[] = [];
  readonly install: number[] = [];
  /** Least gain for which entries were swapped. */
  swapGain = 0;
  readonly #threshold = new GainThreshold();
  #free = 0;
  #tokens = 0;
  #waiting: Int32Array = new Int32Array(0);
  /** Pairs that could be swapped: who comes, who goes, and what it gains; NaN: in any case. */
  #comes = new Int32Array(0);
  #goes = new Int32Array(0);
  #gains = new Float64Array(0);
  #pairs = 0;

  plan(o: MovesOptions): void {
    const { contenders, choice, groups } = o;
    this.withdraw.length = 0;
    this.withdrawalCauses.length = 0;
    this.install.length = 0;
    for (const row of contenders.declined) {
      this.withdraw.push(row);
      this.withdrawalCauses.push('policy');
    }
    this.#tokens = o.budget - this.withdraw.length;
    this.#free = o.entries - contenders.pinned - contenders.incumbents;
    this.#fit(choice.newcomerCount);
    this.#takeOut(o);
    let waiting: Int32Array = choice.newcomers.subarray(0, choice.newcomerCount);
    waiting = this.#fillUp(o, waiting, groups.guaranteed);
    waiting = this.#fillUp(o, waiting, groups.share);
    this.#pair(o, waiting);
    this.#swap(o);
  }

  /** Takes out what must not stay, whatever the budget: beyond a limit, a maximum or the table. */
  #takeOut(o: MovesOptions): void {
    const { groups, choice } = o;
    for (let i = 0; i < choice.mustGoCount; i++) {
      this.#evict(o, choice.mustGo[i], 'capacity', 'fast-path-capacity');
    }
    for (let group = 0; group < groups.count; group++) {
      while (groups.used[group] > groups.maximum[group]) {
        const row = this.#takeWorst(o, group);
        if (row < 0) break;
        this.#evict(o, row, 'capacity', 'slice-maximum');
      }
    }
    while (this.#free < 0) {
      const row = this.#takeWorstOfAll(o, true) ?? this.#takeWorstOfAll(o, false);
      if (row === undefined) break;
      this.#evict(o, row, 'capacity', 'table-full');
    }
  }

  /**
   * Raises groups to `due` entries with those of `rows`, best first; who has more than its share
   * gives entries up for it. Returns the rows that are not placed by it.
   */
  #fillUp(o: MovesOptions, rows: Int32Array, due: Int32Array): Int32Array {
    const { table, groups } = o;
    let left = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const group = groups.of(table.decision.slice[row]);
      if (groups.used[group] >= Math.min(due[group], groups.share[group])) {
        this.#waiting[left++] = row;
        continue;
      }
      const price = this.#free > 0 ? 1 : 2;
      if (this.#tokens < price) {
        setReason(table, row, 'budget');
        continue;
      }
      const loser = this.#free > 0 ? undefined : this.#takeWorstOfAll(o, true);
      if (this.#free <= 0 && loser === undefined) {
        setReason(table, row, 'table-full');
        continue;
      }
      if (loser !== undefined) this.#evict(o, loser, 'displacement', 'slice-share');
      this.#place(o, row);
    }
    return this.#waiting.subarray(0, left);
  }

  /** Pairs the best newcomers of each group with its worst losers. */
  #pair(o: MovesOptions, rows: Int32Array): void {
    const { table, groups, choice, contenders } = o;
    this.#pairs = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const group = groups.of(table.decision.slice[row]);
      const loser = choice.worst(group);
      if (loser < 0) {
        setReason(table, row, 'table-full');
        continue;
      }
      const { score } = table.decision;
      const gain = score[row] - score[loser];
      const byWorth =
        isScoredByWorth(table, row) &&
        (isScoredByWorth(table, loser) || contenders.keys[loser] === UNASKED);
      if (contenders.keys[row] <= CLEARLY_BETTER * contenders.keys[loser]) {
        setReason(table, row, 'table-full');
        continue;
      }
      choice.dropWorst(group);
      this.#comes[this.#pairs] = row;
      this.#goes[this.#pairs] = loser;
      this.#gains[this.#pairs++] = byWorth ? gain : Number.NaN;
    }
  }

  #swap(o: MovesOptions): void {
    const { table, choice } = o;
    this.swapGain = this.#threshold.of(this.#gains, this.#pairs, choice.worth);
    for (let i = 0; i < this.#pairs; i++) {
      const row = this.#comes[i];
      if (this.#gains[i] < this.swapGain) {
        setReason(table, row, 'small-gain');
      } else if (this.#tokens < 2) {
        setReason(table, row, 'budget');
      } else {
        this.#evict(o, this.#goes[i], 'displacement', 'table-full');
        this.#place(o, row);
      }
    }
  }

  #place({ table, groups }: MovesOptions, row: number): void {
    groups.used[groups.of(table.decision.slice[row])]++;
    this.#free--;
    this.#tokens--;
    this.install.push(row);
    setReason(table, row, 'installing');
  }

  #evict(
    { table, groups }: MovesOptions,
    row: number,
    cause: WithdrawalCause,
    reason: 'table-full' | 'slice-share' | 'slice-maximum' | 'fast-path-capacity',
  ): void {
    groups.used[groups.of(table.decision.slice[row])]--;
    this.#free++;
    this.#tokens--;
    this.withdraw.push(row);
    this.withdrawalCauses.push(cause);
    setReason(table, row, reason);
  }

  /** The worst loser of a group, off its list; -1 when there is none. */
  #takeWorst({ choice }: MovesOptions, group: number): number {
    const row = choice.worst(group);
    if (row >= 0) choice.dropWorst(group);
    return row;
  }

  /** The worst loser of all groups, or of those that have more than their share. */
  #takeWorstOfAll(o: MovesOptions, aboveShare: boolean): number | undefined {
    const { groups, choice, contenders } = o;
    let worst = -1;
    for (let group = 0; group < groups.count; group++) {
      if (aboveShare && groups.used[group] <= groups.share[group]) continue;
      const row = choice.worst(group);
      if (row < 0) continue;
      if (worst < 0 || contenders.keys[row] < contenders.keys[choice.worst(worst)]) worst = group;
    }
    return worst < 0 ? undefined : this.#takeWorst(o, worst);
  }

  #fit(newcomers: number): void {
    if (this.#waiting.length >= newcomers) return;
    this.#waiting = new Int32Array(newcomers * 2);
    this.#comes = new Int32Array(newcomers * 2);
    this.#goes = new Int32Array(newcomers * 2);
    this.#gains = new Float64Array(newcomers * 2);
  }
}
