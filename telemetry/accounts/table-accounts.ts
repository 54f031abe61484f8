import type { PlanNumbers } from '../../engine/loop/tick-report.ts';
import type { SliceShare } from '../../engine/planner/plan.ts';
import { OTHER, type ShareAccount, type TableAccount } from './tick-accounts.ts';

/** Account of one backend's last plan. @param maxNamed slices and limits with an account each */
export function tableAccount(plan: PlanNumbers, maxNamed: number): TableAccount {
  const { backend, placement, capacity, learnedEntries, unservedPorts } = plan;
  const { contenders, budget } = plan;
  return {
    backend,
    placement,
    ...capacity,
    learnedEntries,
    unservedPorts,
    watchdog: plan.watchdog,
    openFunctions: plan.virtualFunctions?.filter(({ isOpen }) => isOpen).length,
    verifiedAtMs: plan.verifiedAtMs,
    openPorts: plan.inputs.filter(({ isOpen }) => isOpen).length,
    contenders,
    threshold: plan.threshold,
    swapGain: plan.swapGain,
    budget,
    shares: shareAccounts(plan.shares, maxNamed, learnedEntries),
    limits: plan.limits.slice(0, maxNamed),
  };
}

/**
 * Declared slices by name, then {@link OTHER}: the sum of the part of all flows of no declared
 * slice and of the slices beyond `maxNamed`.
 */
function shareAccounts(
  shares: readonly SliceShare[],
  maxNamed: number,
  entries: number,
): readonly ShareAccount[] {
  const named: ShareAccount[] = [];
  let other: ShareAccount | undefined;
  for (const share of shares) {
    const { slice } = share;
    if (slice !== undefined && slice !== OTHER && named.length < maxNamed) {
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
