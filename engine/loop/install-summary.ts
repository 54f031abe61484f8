import type { Installed } from '../planner/learned-capacity.ts';
import type { AppliedOperation } from '../reconcile/reconciler.ts';

/** What installations say about the room in the table. */
export function summarizeInstalls(
  operations: readonly Pick<AppliedOperation, 'kind' | 'result'>[],
): Omit<Installed, 'used'> {
  let tried = 0;
  let refusedLast = 0;
  let isSelective = false;
  /** Entries in use, relative to the start: now, and the fewest with which a flow was refused. */
  let used = 0;
  let refusedAt = Number.POSITIVE_INFINITY;
  for (const { kind, result } of operations) {
    if (kind === 'delete') {
      if (result.ok && result.outcome === 'deleted') used--;
      continue;
    }
    tried++;
    if (!result.ok) {
      const isFull = result.refusal.code === 'table-full';
      refusedLast = isFull ? refusedLast + 1 : 0;
      if (isFull) refusedAt = Math.min(refusedAt, used);
      continue;
    }
    // A full table accepts flows, too, while it has fewer entries than when it refused others.
    if (used >= refusedAt) {
      isSelective = true;
      refusedLast = 0;
    }
    if (result.outcome === 'installed') used++;
  }
  return { tried, refusedLast, isSelective };
}
