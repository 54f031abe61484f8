import type { Installed } from '../planner/learned-capacity.ts';
import type { AppliedOperation } from '../reconcile/reconciler.ts';

/** What installations say about the room in the table. */
export function summarizeInstalls(
  operations: readonly Pick<AppliedOperation, 'kind' | 'result'>[],
): Omit<Installed, 'used'> {
  let tried = 0;
  let refusedLast = 0;
  let isSelective = false;
  let isRefusing = false;
  for (const { kind, result } of operations) {
    if (kind === 'delete') {
      isRefusing = false;
      continue;
    }
    tried++;
    const isRefused = !result.ok && result.refusal.code === 'table-full';
    refusedLast = isRefused ? refusedLast + 1 : 0;
    if (result.ok && isRefusing) isSelective = true;
    if (isRefused) isRefusing = true;
  }
  return { tried, refusedLast, isSelective };
}
