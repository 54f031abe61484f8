import type { PortLoad } from '../engine/model/tick.ts';

/** A port's load has risen when it exceeds this multiple of the last one, and this much more, bits/s. */
const RATIO = 1.25;
const MIN_RISE = 500_000;

/**
 * Notices by the ports' own counters that traffic has begun, which costs the vSwitch nothing. A flow
 * cannot begin to send more than all ports together receive more.
 */
export class LoadRise {
  #base: ReadonlyMap<string, PortLoad> = new Map();
  #last: ReadonlyMap<string, PortLoad> = new Map();

  /** Takes the ports' load as of now; true when a port receives clearly more than at the last reset. */
  observe(loads: ReadonlyMap<string, PortLoad>): boolean {
    this.#last = loads;
    for (const [name, { rxBitsPerSecond }] of loads) {
      const before = this.#base.get(name)?.rxBitsPerSecond ?? 0;
      if (rxBitsPerSecond > RATIO * before + MIN_RISE) return true;
    }
    return false;
  }

  /** Compares later loads with the last one. */
  reset(): void {
    this.#base = this.#last;
  }
}
