import type { PortLoad } from '../engine/model/tick.ts';

/** A load has risen when it exceeds its usual value times RATIO plus MIN_RISE, bits/s. */
const RATIO = 1.25;
const MIN_RISE = 200_000;

/** How the usual value follows the load of a port. */
export interface LoadRiseOptions {
  /** Factor by which the usual value falls at each lower load. */
  readonly decay: number;
  /** Share of a higher load that the usual value rises by at each load, 0 to 1. */
  readonly rise: number;
}

/** Regular bursts are usual; after a second or two without one, a burst is not. */
const SHORT_MEMORY: LoadRiseOptions = { decay: 0.9, rise: 1 };

/**
 * Detects new traffic by the counters of the ports' devices, which costs the vSwitch nothing. A flow
 * that begins to send raises the receive rate of its input port.
 */
export class LoadRise {
  readonly #options: LoadRiseOptions;
  /** Usual load by port, bits/s; undefined until the first loads after a restart. */
  #usual: Map<string, number> | undefined;

  constructor(options: LoadRiseOptions = SHORT_MEMORY) {
    this.#options = options;
  }

  /** Makes the next loads the usual ones. */
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
      const isRise = usual !== undefined && rxBitsPerSecond > RATIO * before + MIN_RISE;
      if (isRise) hasRisen = true;
      const isKnown = isRise || usual === undefined;
      next.set(name, isKnown ? rxBitsPerSecond : this.#follow(before, rxBitsPerSecond));
    }
    this.#usual = next;
    return hasRisen;
  }

  #follow(usual: number, load: number): number {
    const { decay, rise } = this.#options;
    return load > usual ? usual + rise * (load - usual) : Math.max(load, decay * usual);
  }
}
