// Texts about the status, for the page and the commands.
import { duration, plainPacketRate, whole } from '../text/format.ts';
import type { BackendView, SamplesView } from './status-view.ts';

/** The effect of a hold (onload-all). */
export const HELD = 'every flow stays on the vSwitch until "norikae resume"';

/** The effect of a failed reload. */
export function olderPolicies(problem: string): string {
  return `the last valid policies are in force: ${problem}`;
}

/** The learned entries, with the declared ones if they differ. */
export function entriesThatFit({
  entries,
  learnedEntries,
}: Pick<BackendView, 'entries' | 'learnedEntries'>): string {
  return learnedEntries < entries
    ? `${whole(learnedEntries)} entries that fit (${whole(entries)} declared)`
    : `${whole(entries)} entries`;
}

/** Entries in use, of the learned entries. */
export function entriesInUse(
  table: Pick<BackendView, 'used' | 'entries' | 'learnedEntries'>,
): string {
  return `${whole(table.used)} of ${entriesThatFit(table)}`;
}

/** @param swapGain packets/s; null: no swap gains enough */
export function neededGain(swapGain: number | null): string {
  return swapGain === null
    ? 'no swap gains enough'
    : `a swap must gain ${plainPacketRate(swapGain)}`;
}

/** How long ago the vSwitch confirmed the entries of all these backends; at least one. */
export function verifiedAgo(backends: readonly Pick<BackendView, 'verifiedAgeMs'>[]): string {
  let oldestMs = 0;
  for (const { verifiedAgeMs } of backends) {
    if (verifiedAgeMs === null) return 'entries not verified yet';
    oldestMs = Math.max(oldestMs, verifiedAgeMs);
  }
  return `entries verified ${duration(oldestMs)} ago`;
}

/** What samples of installed entries found since the start. */
export function sampleResults({ same, different, notComparable, failed }: SamplesView): string {
  return (
    `${whole(same)} entries correct, ${whole(different)} wrong and removed, ` +
    `${whole(notComparable + failed)} not comparable`
  );
}
