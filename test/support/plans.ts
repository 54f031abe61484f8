import type { PlanNumbers } from '../../engine/loop/tick-report.ts';
import type { LimitUse, SliceShare } from '../../engine/planner/plan.ts';

/** Numbers of a plan for the NIC; `over` replaces some of them. */
export function planOf(over: Partial<PlanNumbers> = {}): PlanNumbers {
  return {
    backend: 'nic',
    placement: 'offload',
    unservedPorts: 0,
    watchdog: undefined,
    virtualFunctions: undefined,
    portHooks: [],
    verifiedAtMs: 0,
    capacity: { entries: 1000, used: 300, masks: 16, masksUsed: 2 },
    learnedEntries: 800,
    cutoff: Number.NEGATIVE_INFINITY,
    threshold: 12,
    swapGain: 340,
    contenders: 900,
    budget: 40,
    shares: [shareOf(undefined)],
    limits: [],
    inputs: [],
    ...over,
  };
}

/** The share of a slice, or that of all flows of no declared slice. */
export function shareOf(slice: string | undefined, over: Partial<SliceShare> = {}): SliceShare {
  return {
    slice,
    weight: 1,
    guaranteed: 0,
    maximum: 800,
    wanted: 10,
    share: 10,
    used: 10,
    ...over,
  };
}

/** The send limit of a port, half of it in use. */
export function limitOf(port: string, over: Partial<LimitUse> = {}): LimitUse {
  return {
    name: `${port} send`,
    scope: { kind: 'send', port },
    packetsPerSecond: Number.POSITIVE_INFINITY,
    bitsPerSecond: 8e9,
    hard: false,
    expectedPacketsPerSecond: 500,
    expectedBitsPerSecond: 4e9,
    ...over,
  };
}
