import { limitEntries } from '../../engine/model/slice.ts';
import type { Problem } from '../../text/problem.ts';
import { whole } from '../../text/format.ts';
import type { PolicySet } from '../model/policy-set.ts';

/**
 * A note on guarantees that together exceed a table, so that not all can be kept. It is at the slice with
 * which the sum exceeds the table.
 *
 * @param entries size of the table
 */
export function guaranteeNotes(set: PolicySet, entries: number): readonly Problem[] {
  let sum = 0;
  for (const { name, policy, guaranteed, at } of set.slices) {
    if (guaranteed === undefined) continue;
    sum += limitEntries(guaranteed, entries);
    if (sum <= entries) continue;
    const file = set.policies.find((candidate) => candidate.name === policy)?.file ?? '';
    const message =
      `note: with slice "${name}", ${whole(sum)} entries are guaranteed, and a table of ` +
      `${whole(entries)} entries has fewer`;
    return [{ file, ...at, message }];
  }
  return [];
}
