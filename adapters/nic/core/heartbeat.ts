import type { HeartbeatLimit } from '../../../engine/model/port.ts';

/** How often a packet of each flow goes to the vSwitch, see bpf/order.h. */
export interface Heartbeat {
  /** Time after which the first packet behind a gap goes there, ms. */
  readonly dueMs: number;
  /** Time after which any packet goes there, ms; 0: no heartbeats. */
  readonly limitMs: number;
}

/** The limit in periods, and at most, ms: half the time after which OVS removes an idle flow. */
const LIMIT_PERIODS = 5;
const MAX_LIMIT_MS = 5_000;

/** Shortest limit, ms: with a shorter one a packet would be late several times a second. */
const SHORTEST_LIMIT_MS = 500;

/** The shortest limit with a heartbeat period, ms; Infinity without heartbeats. */
export function shortestLimitMs(periodMs: number): number {
  return periodMs === 0 ? Number.POSITIVE_INFINITY : SHORTEST_LIMIT_MS;
}

/**
 * The heartbeat of a flow.
 *
 * @param periodMs the configured period; 0: no heartbeats
 * @param needed what the vSwitch needs; undefined: nothing in particular
 */
export function heartbeatOf(periodMs: number, needed?: HeartbeatLimit): Heartbeat {
  const usualMs = Math.max(periodMs, Math.min(periodMs * LIMIT_PERIODS, MAX_LIMIT_MS));
  const limitMs = Math.floor(Math.min(usualMs, needed?.ms ?? usualMs));
  return { dueMs: Math.min(periodMs, Math.floor(limitMs / 2)), limitMs };
}
