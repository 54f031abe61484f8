import type { FlowerOptions } from './options.ts';

/** In software, `police` lets one packet a second pass, ms. */
const SOFTWARE_MS = 1_000;

/**
 * Shortest period in hardware, ms: each heartbeat writes a rule twice. Open vSwitch removes a flow that
 * it has not seen for 10 s.
 */
const SHORTEST_HARDWARE_MS = 4_000;

/** Time between two heartbeats of a flow, ms; 0: no heartbeats. */
export function heartbeatMsOf({
  rulesIn,
  heartbeatMs,
}: Pick<FlowerOptions, 'rulesIn' | 'heartbeatMs'>): number {
  if (heartbeatMs === 0) return 0;
  return rulesIn === 'software' ? SOFTWARE_MS : Math.max(heartbeatMs, SHORTEST_HARDWARE_MS);
}
