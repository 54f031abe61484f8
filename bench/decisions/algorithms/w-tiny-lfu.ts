import type { Algorithm, PlacerContext } from '../game/algorithm.ts';
import { FlowList } from './flow-list.ts';
import { type PacketCache, sampledCache } from './sampled-cache.ts';
import type { SampledUnit } from './sampling.ts';

/** Share of the window, the better of 1 % and 20 % on a tuning seed; of protected flows in the main cache. */
const WINDOW_SHARE = 0.2;
const PROTECTED_SHARE = 0.8;
/** Counts are halved after this many samples per entry; they saturate at four bits. */
const HALVE_AFTER = 10;
const MAX_COUNT = 15;
/** The best of 4, 16 and 64 on a tuning seed. */
const SAMPLES_PER_ENTRY = 64;

/**
 * W-TinyLFU (Einziger, Friedman and Manes, TinyLFU: A Highly Efficient Cache Admission Policy,
 * arXiv 1512.00727): new flows enter a small LRU window; a flow that falls out of it is admitted to
 * the main cache, a segmented LRU, when it was sampled more often than the flow that it would
 * displace. Counts age by halving. Exact counts in place of the paper's sketch.
 */
export function wTinyLfu(
  unit: SampledUnit,
  { samplesPerEntry = SAMPLES_PER_ENTRY, windowShare = WINDOW_SHARE } = {},
): Algorithm {
  return sampledCache({
    name: `w-tinylfu-${unit}`,
    unit,
    samplesPerEntry,
    create: (context) => new WTinyLfu(context, windowShare),
  });
}

class WTinyLfu implements PacketCache {
  readonly #maxWindow: number;
  readonly #maxMain: number;
  readonly #maxProtected: number;
  readonly #halveAfter: number;
  /** The latest flow first. */
  readonly #window: FlowList;
  readonly #probation: FlowList;
  readonly #protected: FlowList;
  readonly #counts: Uint8Array;
  #samples = 0;

  constructor({ entries, flows }: PlacerContext, windowShare: number) {
    this.#maxWindow = Math.max(1, Math.round(entries * windowShare));
    this.#maxMain = Math.max(0, entries - this.#maxWindow);
    this.#maxProtected = Math.floor(this.#maxMain * PROTECTED_SHARE);
    this.#halveAfter = HALVE_AFTER * entries;
    this.#window = new FlowList(flows);
    this.#probation = new FlowList(flows);
    this.#protected = new FlowList(flows);
    this.#counts = new Uint8Array(flows);
  }

  access(flow: number): void {
    this.#count(flow);
    if (this.#window.remove(flow)) {
      this.#window.addFirst(flow);
    } else if (this.#protected.remove(flow) || this.#probation.remove(flow)) {
      this.#protect(flow);
    } else {
      this.#window.addFirst(flow);
      if (this.#window.size > this.#maxWindow) this.#admit();
    }
  }

  remove(flow: number): void {
    this.#window.remove(flow);
    this.#probation.remove(flow);
    this.#protected.remove(flow);
    this.#counts[flow] = 0;
  }

  has(flow: number): boolean {
    return this.#window.has(flow) || this.#probation.has(flow) || this.#protected.has(flow);
  }

  forEach(visit: (flow: number) => void): void {
    this.#window.forEach(visit);
    this.#probation.forEach(visit);
    this.#protected.forEach(visit);
  }

  #protect(flow: number): void {
    this.#protected.addFirst(flow);
    if (this.#protected.size <= this.#maxProtected) return;
    const least = this.#protected.tail;
    this.#protected.remove(least);
    this.#probation.addFirst(least);
  }

  /** The window's last flow, or the one that it would displace, leaves the cache. */
  #admit(): void {
    const candidate = this.#window.tail;
    this.#window.remove(candidate);
    if (this.#probation.size + this.#protected.size >= this.#maxMain) {
      const victim = this.#probation.tail >= 0 ? this.#probation.tail : this.#protected.tail;
      if (victim < 0 || this.#counts[candidate] <= this.#counts[victim]) return;
      this.#probation.remove(victim);
      this.#protected.remove(victim);
    }
    this.#probation.addFirst(candidate);
  }

  #count(flow: number): void {
    this.#counts[flow] = Math.min(MAX_COUNT, this.#counts[flow] + 1);
    if (++this.#samples < this.#halveAfter) return;
    this.#samples = 0;
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i] >>= 1;
  }
}
