import type { PortLoad } from '../engine/model/tick.ts';

/** A port's load has risen when it exceeds this multiple of what was usual, and this much more, bits/s. */
const RATIO = 1.25;
const MIN_RISE = 200_000;
/** What is usual falls to this part with each lower load, so that bursts in a row are usual. */
const DECAY = 0.9;

/**
 * Notices by the ports' own counters that traffic has begun, which costs the vSwitch nothing. A flow
 * cannot begin to send more than all ports together receive more.
 */
export class LoadRise {
  /** Usual load by port, bits/s; undefined until the first loads after a restart. */
  #usual: Map<string, number> | undefined;

  /** Takes the next loads as usual. */
  restart(): void {
    this.#usual = undefined;
  }

  /** Takes the ports' loads; true when a port receives clearly more than usual. */
  observe(loads: ReadonlyMap<string, PortLoad>): boolean {
    if (loads.size === 0) return false;
    const usual = this.#usual;
    const next = new Map<string, number>();
    let hasRisen = false;
    for (const [name, { rxBitsPerSecond }] of loads) {
      const before = usual?.get(name) ?? 0;
      if (usual !== undefined && rxBitsPerSecond > RATIO * before + MIN_RISE) hasRisen = true;
      next.set(name, Math.max(rxBitsPerSecond, DECAY * before));
    }
    this.#usual = next;
    return hasRisen;
  }
}
