import type { PlannerOptions } from '../engine/planner/plan.ts';

/** One packet of an entry's flow passes to the vSwitch so often, ms. */
export const HEARTBEAT_MS = 1000;
/** As the daemon has it where its configuration says nothing (config/config.schema.json). */
export const DEFAULT_PLANNER: PlannerOptions = {
  minHoldMs: 2000,
  operations: { perSecond: 4000, burst: 8000 },
};
