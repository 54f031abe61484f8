import type { StatusView } from '../../api/status-view.ts';
import type { PlacementName } from '../../engine/model/flow.ts';

/** Sum over all placements. */
export function totalOf(byPlacement: Readonly<Record<PlacementName, number>>): number {
  return byPlacement.onload + byPlacement.offload + byPlacement['fast-path'];
}

/** Share of the traffic off the vSwitch, 0 to 1; null without traffic. */
export function coverageOf(bitsPerSecond: Readonly<Record<PlacementName, number>>): number | null {
  const total = totalOf(bitsPerSecond);
  return total === 0 ? null : 1 - bitsPerSecond.onload / total;
}

/** Traffic of all paths, bits/s. */
export function trafficOf(paths: StatusView['paths']): number {
  return Object.values(paths).reduce((sum, path) => sum + path.bitsPerSecond, 0);
}
