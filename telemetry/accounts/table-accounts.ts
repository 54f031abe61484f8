import type { PlanNumbers } from '../../engine/loop/tick-report.ts';
import type { SliceShare } from '../../engine/planner/plan.ts';
import { OTHER, type ShareAccount, type TableAccount } from './tick-accounts.ts';

/** The account of one backend's last plan. @param most slices and limits that are kept apart */
export function tableAccount(plan: PlanNumbers, most: number): TableAccount {
  const { backend, placement, capacity, learnedEntries, contenders, budget } = plan;
  return {
    backend,
    placement,
    ...capacity,
    learnedEntries,
    contenders,
    threshold: plan.threshold,
    swapGain: plan.swapGain,
    budget,
    shares: shareAccounts(plan.shares, most, learnedEntries),
    limits: plan.limits.slice(0, most),
  };
}

/**
 * Declared slices by their names, then {@link OTHER}: the part of all flows of no declared slice,
 * and the sum of the slices that are not kept apart.
 */
function shareAccounts(
  shares: readonly SliceShare[],
  most: number,
  entries: number,
): readonly ShareAccount[] {
  const named: ShareAccount[] = [];
  let other: ShareAccount | undefined;
  for (const share of shares) {
    const { slice } = share;
    if (slice !== undefined && slice !== OTHER && named.length < most) {
      named.push({ ...share, slice });
    } else {
      other = other === undefined ? { ...share, slice: OTHER } : sum(other, share, entries);
    }
  }
  return other === undefined ? named : [...named, other];
}

function sum(a: ShareAccount, b: SliceShare, entries: number): ShareAccount {
  return {
    slice: a.slice,
    weight: a.weight + b.weight,
    guaranteed: a.guaranteed + b.guaranteed,
    maximum: Math.min(entries, a.maximum + b.maximum),
    wanted: a.wanted + b.wanted,
    share: a.share + b.share,
    used: a.used + b.used,
  };
}
