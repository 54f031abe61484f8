/**
 * @import { PlacementName } from '../../engine/model/flow.ts'
 * @import { StatusView } from '../../api/status-view.ts'
 */

/**
 * @param {Readonly<Record<PlacementName, number>>} byPlacement
 */
export function totalOf(byPlacement) {
  return byPlacement.onload + byPlacement.offload + byPlacement['fast-path'];
}

/**
 * Share of the traffic that is off the vSwitch, 0 to 1; null without traffic.
 *
 * @param {Readonly<Record<PlacementName, number>>} bitsPerSecond
 */
export function coverageOf(bitsPerSecond) {
  const total = totalOf(bitsPerSecond);
  return total === 0 ? null : 1 - bitsPerSecond.onload / total;
}

/**
 * Traffic of all paths, bits/s.
 *
 * @param {StatusView['paths']} paths
 */
export function trafficOf(paths) {
  return Object.values(paths).reduce((sum, path) => sum + path.bitsPerSecond, 0);
}
