import type { PortLoad } from '../engine/model/tick.ts';

/** A port's load has risen when it exceeds this multiple of what is usual, and this much more, bits/s. */
const RATIO = 1.25;
const MIN_RISE = 200_000;

/** How the usual load of a port follows its load. */
export interface LoadRiseOptions {
  /** Part that is left of what is usual at each lower load. */
  readonly decay: number;
  /** Part of a higher load that counts as usual at once; the rest must stay. 1: all. */
  readonly rise: number;
}

/** Bursts in a row are usual; after a second or two of silence they are not. */
const SHORT_MEMORY: LoadRiseOptions = { decay: 0.9, rise: 1 };

/**
 * Notices by the ports' own counters that traffic has begun, which costs the vSwitch nothing. A flow
 * cannot begin to send more than all ports together receive more.
 */
export class LoadRise {
  readonly #options: LoadRiseOptions;
  /** Usual load by port, bits/s; undefined until the first loads after a restart. */
  #usual: Map<string, number> | undefined;

  constructor(options: LoadRiseOptions = SHORT_MEMORY) {
    this.#options = options;
  }

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
