import { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { Choice } from './choice.ts';
import { type Contenders, isScoredByWorth, setReason } from './contenders.ts';
import type { Groups } from './groups.ts';
import { MIN_SCORE_RATIO } from './moves.ts';

/** Most entries of a large table that yield at a time. */
const MAX_FILLERS = 512;
/**
 * Part of all placed worth that newcomers must bring for each part of the table that yields: half a
 * per cent for 4 %.
 */
const WORTH_PER_SHARE = 1 / 8;

/** Inputs of {@link findFillers}. */
export interface FillersOptions {
  readonly table: FlowTable;
  /** Entries of the backend's table. */
  readonly entries: number;
  readonly contenders: Contenders;
  /** The choice of the plan. */
  readonly choice: Choice;
  readonly groups: Groups;
  /** Rows that the plan withdraws. */
  readonly withdraw: readonly number[];
  /** Worth of all chosen flows. */
  readonly worth: number;
  /** Operations left in the budget. */
  readonly budget: number;
}

/**
 * The flows with an entry that are worth least, worst first: while they yield their entries, newcomers
 * for which the table had no place can find one. Newcomers that bring too little get no fillers.
 * No slice yields an entry that it is guaranteed. Sets the reasons of the rows.
 *
 * @param refused rows of the newcomers
 * @param share part of the table that is to yield, 0 to 1
 */
export function findFillers(
  o: FillersOptions,
  refused: readonly number[],
  share: number,
): readonly number[] {
  const { table, choice, groups } = o;
  const { keys } = o.contenders;
  const { placement, slice, score } = table.decision;
  const isWorth = (row: number): boolean => isScoredByWorth(table, row);
  const worth = refused.filter(isWorth).reduce((sum, row) => sum + score[row], 0);
  if (refused.every(isWorth) && worth < WORTH_PER_SHARE * share * o.worth) return [];
  // Each filler costs two operations, and each newcomer one.
  const max = Math.min(
    MAX_FILLERS,
    Math.ceil(o.entries * share),
    Math.floor((o.budget - refused.length) / 2),
  );
  const leaving = new Set(o.withdraw);
  const least = refused.reduce((min, row) => Math.min(min, keys[row]), Number.POSITIVE_INFINITY);
  const spare = groups.used.map((used, group) => used - groups.guaranteed[group]);
  const fillers: number[] = [];
  const { order } = choice;
  for (let i = order.length - 1; i >= 0 && fillers.length < max; i--) {
    const row = order[i];
    if (placement[row] === Placement.onload || leaving.has(row)) continue;
    if (MIN_SCORE_RATIO * keys[row] >= least) break;
    if (spare[groups.groupOf(slice[row])]-- <= 0) continue;
    // The reason if it does not get its entry back.
    setReason(table, row, 'table-full');
    fillers.push(row);
  }
  return fillers;
}
