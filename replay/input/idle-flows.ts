import type { Traffic } from './traffic.ts';

/** Time without packets after which a megaflow is removed, ms (OVS: max-idle, 10 s). */
const MAX_IDLE_MS = 10_000;
/** Time between checks, ms (OVS: max-revalidator). */
const REVALIDATE_MS = 500;

/** Removes idle flows, as a vSwitch does. */
export class IdleFlows {
  #dueMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs trace time, ms */
  removeIdle(traffic: Traffic, nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + REVALIDATE_MS;
    traffic.expire(nowMs - MAX_IDLE_MS);
  }
}
