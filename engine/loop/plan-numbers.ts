import { PLACEMENT_NAMES } from '../model/flow.ts';
import type { Plan } from '../planner/plan.ts';
import type { BackendController } from './backend-controller.ts';
import type { PlanNumbers } from './tick-report.ts';

/** The numbers of a plan once it was carried out. They outlive the plan, which is reused. */
export function planNumbers(
  { backend, reconciler, entries }: BackendController,
  plan: Plan,
): PlanNumbers {
  const { cutoff, threshold, swapGain, contenders, budget, shares, limits } = plan;
  return {
    backend: backend.name,
    placement: PLACEMENT_NAMES[reconciler.placement],
    capacity: backend.capacity(),
    learnedEntries: entries,
    cutoff,
    threshold,
    swapGain,
    contenders,
    budget,
    shares,
    limits,
  };
}
