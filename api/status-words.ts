// Words for what a status says, the same on the page and in the commands.
import { plainPacketRate, whole } from '../text/format.ts';
import type { BackendView } from './status-view.ts';

/** What an operator's hold (onload-all) does. */
export const HELD = 'every flow stays on the vSwitch until "norikae resume"';

/** What follows a reload that failed. */
export function olderPolicies(problem: string): string {
  return `older ones are in force: ${problem}`;
}

/** Entries that fit: fewer than declared when the planner has learned so from refusals. */
export function entriesThatFit({
  entries,
  learnedEntries,
}: Pick<BackendView, 'entries' | 'learnedEntries'>): string {
  return learnedEntries < entries
    ? `${whole(learnedEntries)} entries that fit (${whole(entries)} declared)`
    : `${whole(entries)} entries`;
}

/** Entries in use, of those that fit. */
export function entriesInUse(
  table: Pick<BackendView, 'used' | 'entries' | 'learnedEntries'>,
): string {
  return `${whole(table.used)} of ${entriesThatFit(table)}`;
}

/** What a swap needs; `swapGain`: packets/s, null when no swap gained enough. */
export function neededGain(swapGain: number | null): string {
  return swapGain === null
    ? 'no swap gains enough'
    : `a swap must gain ${plainPacketRate(swapGain)}`;
}
