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

/** The heartbeat with a period, ms; 0: none. */
export function heartbeatOf(periodMs: number): Heartbeat {
  const limitMs = Math.min(periodMs * LIMIT_PERIODS, MAX_LIMIT_MS);
  return { dueMs: periodMs, limitMs: Math.max(periodMs, limitMs) };
}
