import type { Traffic } from './traffic.ts';

/** A megaflow without packets for so long leaves the vSwitch, ms (OVS: max-idle, 10 s). */
const MAX_IDLE_MS = 10_000;
/** How often that is looked after, ms (OVS: max-revalidator). */
const REVALIDATE_MS = 500;

/** Lets idle flows go, as a vSwitch does. */
export class IdleFlows {
  #dueMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs time of the trace, ms */
  lookAfter(traffic: Traffic, nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + REVALIDATE_MS;
    traffic.expire(nowMs - MAX_IDLE_MS);
  }
}
