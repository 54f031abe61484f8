import { Sfc32 } from '../../../adapters/emulator/random.ts';
import type { Algorithm, Placer, PlacerContext, WindowView } from '../game/algorithm.ts';
import { type SampledUnit, samplesOf } from './sampling.ts';

/** A cache that acts on each packet. */
export interface PacketCache {
  /** A packet of the flow arrived. */
  access(flow: number): void;
  /** The flow has ended; no effect when the cache does not have it. */
  remove(flow: number): void;
  has(flow: number): boolean;
  /** Calls `visit` for each cached flow. */
  forEach(visit: (flow: number) => void): void;
}

/** How a cache is run on windows. */
export interface SampledCacheOptions {
  readonly name: string;
  /** What a sample stands for. */
  readonly unit: SampledUnit;
  /** Samples per second, as a multiple of the entries. */
  readonly samplesPerEntry: number;
  readonly create: (context: PlacerContext) => PacketCache;
}

const SEED = 1;

/**
 * Runs a cache on samples of each window's packets. The sampling rate follows the table, so that a
 * cache of any size gets as many samples per entry. At a window's end the table gets the cache's
 * flows: those that were cached only in between are not counted as operations.
 */
export function sampledCache(options: SampledCacheOptions): Algorithm {
  return { name: options.name, create: (context) => new SampledCache(options, context) };
}

class SampledCache implements Placer {
  readonly #random = new Sfc32(SEED);
  readonly #unit: SampledUnit;
  readonly #samples: number;
  readonly #cache: PacketCache;

  constructor({ unit, samplesPerEntry, create }: SampledCacheOptions, context: PlacerContext) {
    this.#unit = unit;
    this.#samples = (samplesPerEntry * context.entries * context.windowMs) / 1000;
    this.#cache = create(context);
  }

  decide(view: WindowView): void {
    const { table } = view;
    const cache = this.#cache;
    for (const flow of view.gone) cache.remove(flow);
    const samples = samplesOf(view, this.#samples, this.#random, this.#unit);
    for (const flow of samples) if (table.known.has(flow)) cache.access(flow);
    for (let i = table.size - 1; i >= 0; i--) {
      const flow = table.at(i);
      if (!cache.has(flow)) table.evict(flow);
    }
    cache.forEach((flow) => table.place(flow));
  }
}
