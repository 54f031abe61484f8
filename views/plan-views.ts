import type { PlanNumbers } from '../engine/loop/tick-report.ts';
import type { PortSnapshot } from '../engine/model/port.ts';
import type { LimitUse, SliceShare } from '../engine/planner/plan.ts';
import type { LimitScope } from '../engine/planner/throughput-limit.ts';
import type { FlowView } from '../api/flow-views.ts';
import type { BackendView, ThroughputView, ShareView } from '../api/status-view.ts';
import { finite } from './finite.ts';

/** The part of a backend's view from its last plan; undefined: there is no plan yet. */
export function planView(
  plan: PlanNumbers | undefined,
): Pick<BackendView, 'threshold' | 'swapGain' | 'operationsLeft' | 'shares' | 'limits'> {
  return {
    threshold: plan?.threshold ?? null,
    swapGain: plan === undefined ? null : swapGain(plan),
    operationsLeft: plan?.budget ?? null,
    shares: plan?.shares.map(shareView) ?? [],
    limits: plan?.limits.map(throughputView) ?? [],
  };
}

/** Gain that a swap needs, packets/s; null: there was nothing to swap, or no swap gained enough. */
export function swapGain(plan: PlanNumbers): number | null {
  return plan.swapGain === 0 ? null : finite(plan.swapGain);
}

/** The share that a flow's entry counts towards: its slice's, or that of no declared slice. */
export function shareOfFlow(plan: PlanNumbers | undefined, flow: FlowView): ShareView | null {
  const shares = plan?.shares ?? [];
  const share =
    shares.find((s) => s.slice !== undefined && s.slice === flow.slice) ??
    shares.find((s) => s.slice === undefined);
  return share === undefined ? null : shareView(share);
}

/** The limits that the flow's traffic counts towards. */
export function limitsOfFlow(
  plan: PlanNumbers | undefined,
  flow: FlowView,
  ports: PortSnapshot,
): readonly ThroughputView[] {
  const limits = plan?.limits ?? [];
  return limits.filter(({ scope }) => concerns(scope, flow, ports)).map(throughputView);
}

function concerns(scope: LimitScope, flow: FlowView, ports: PortSnapshot): boolean {
  if (scope.kind === 'all') return true;
  const names = scope.kind === 'receive' ? [flow.inPort] : flow.outPorts;
  const uplinks = names.filter((name) => ports.get(name)?.kind === 'uplink');
  return scope.port === undefined ? uplinks.length > 0 : uplinks.includes(scope.port);
}

function shareView({ slice, ...entries }: SliceShare): ShareView {
  return { slice: slice ?? null, ...entries };
}

function throughputView(limit: LimitUse): ThroughputView {
  return {
    name: limit.name,
    hard: limit.hard,
    bitsPerSecond: finite(limit.bitsPerSecond),
    packetsPerSecond: finite(limit.packetsPerSecond),
    expectedBitsPerSecond: limit.expectedBitsPerSecond,
    expectedPacketsPerSecond: limit.expectedPacketsPerSecond,
  };
}
