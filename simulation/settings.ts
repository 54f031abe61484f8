import type { PlannerOptions } from '../engine/planner/plan.ts';

/** Heartbeat period, ms. */
export const HEARTBEAT_MS = 1000;
/** The daemon's default (config/config.schema.json). */
export const DEFAULT_PLANNER: PlannerOptions = {
  minHoldMs: 2000,
  operations: { perSecond: 4000, burst: 8000 },
};
