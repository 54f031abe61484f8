import { PLACEMENT_NAMES } from '../model/flow.ts';
import type { Plan } from '../planner/plan.ts';
import type { BackendController } from './backend-controller.ts';
import type { PlanNumbers } from './tick-report.ts';

/** The numbers of an applied plan, copied because the plan is reused. */
export function planNumbers(controller: BackendController, plan: Plan): PlanNumbers {
  const { backend, reconciler, entries, verification } = controller;
  const { cutoff, threshold, swapGain, contenders, budget, shares, limits } = plan;
  return {
    backend: backend.name,
    placement: PLACEMENT_NAMES[reconciler.placement],
    capacity: backend.capacity(),
    learnedEntries: entries,
    verifiedAtMs: verification.verifiedAtMs,
    unservedPorts: backend.unservedPorts?.().length ?? 0,
    watchdog: backend.watchdog?.(),
    virtualFunctions: backend.virtualFunctions?.(),
    portHooks: backend.portHooks?.() ?? [],
    cutoff,
    threshold,
    swapGain,
    contenders,
    budget,
    shares,
    limits,
    inputs: controller.inputUses(),
  };
}
