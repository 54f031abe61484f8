import { setTimeout as sleep } from 'node:timers/promises';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import { NetworkLockBusy } from '../core/errors.ts';
import type { Pins } from './pins.ts';
import { removalOf, type TrafficControlRequests } from './traffic-control.ts';

/** Longest time without a look at the lease, ms. */
const PERIOD_MS = 50;
/**
 * Time between two removals while the lease has lapsed, ms: a daemon that was stopped while it wrote rules
 * writes the last of them when it goes on.
 */
const AGAIN_MS = 250;

/** Refusals after which there is no rule: no filter, no device, no qdisc. */
const GONE = new Set(['ENOENT', 'ENODEV', 'EINVAL']);

/** What a {@link RuleWatch} works with. */
export interface RuleWatchParts {
  readonly pins: Pins;
  readonly tc: TrafficControlRequests;
  /** Identifies this watch; a later one takes over. */
  readonly pid: number;
  /** Whether the daemon that started it is still there. */
  readonly hasDaemon: () => boolean;
  /** CLOCK_MONOTONIC, ms. */
  readonly nowMs: () => number;
}

/**
 * The dead man of rules in hardware: when the lease lapses, all rules are removed, with one request for
 * each place of each device.
 */
export class RuleWatch {
  readonly #parts: RuleWatchParts;
  #removedAtMs = Number.NEGATIVE_INFINITY;
  /** The end of the lease for which the rules were removed. */
  #removedForMs = Number.NaN;

  constructor(parts: RuleWatchParts) {
    this.#parts = parts;
  }

  /**
   * Watches until another watch is in charge, the signal aborts, or the rules of a daemon that is gone
   * are removed.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { pins, pid, nowMs, hasDaemon } = this.#parts;
    pins.watchdogPid = pid;
    while (!signal.aborted && pins.watchdogPid === pid) {
      const now = nowMs();
      const untilMs = pins.leaseUntilMs;
      pins.watchdogAliveMs = now;
      const isLapsed = untilMs <= now;
      const isDue = this.#removedForMs !== untilMs || now - this.#removedAtMs >= AGAIN_MS;
      if (isLapsed && isDue && (await this.#removeAll())) {
        if (this.#removedForMs !== untilMs) pins.removedMs = now;
        this.#removedForMs = untilMs;
        this.#removedAtMs = now;
        if (!hasDaemon()) return;
      }
      const waitMs = isLapsed ? PERIOD_MS : Math.min(PERIOD_MS, untilMs - now);
      await sleep(Math.max(1, Math.ceil(waitMs)));
    }
  }

  /** False when rules may be left. */
  async #removeAll(): Promise<boolean> {
    const { pins, tc } = this.#parts;
    try {
      let isComplete = true;
      for (const ifindex of pins.devices().keys()) {
        const answers = await tc.batch('removing rules after the lease', removalOf(ifindex));
        const isLeft = answers.some((a) => a instanceof NetlinkRefused && !GONE.has(a.code));
        if (isLeft) isComplete = false;
      }
      return isComplete;
    } catch (error) {
      if (error instanceof NetworkLockBusy) return false;
      throw error;
    }
  }
}
