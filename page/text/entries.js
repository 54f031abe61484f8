import { whole } from './format.js';

/** @import { BackendView } from '../../api/status-view.ts' */

/**
 * How many entries fit: fewer than declared when the planner has learned so from refusals.
 *
 * @param {Pick<BackendView, 'entries' | 'learnedEntries'>} table
 */
export function fitting({ entries, learnedEntries }) {
  return learnedEntries < entries
    ? `${whole(learnedEntries)} entries that fit (${whole(entries)} declared)`
    : `${whole(entries)} entries`;
}
