import type { Algorithm, PlacerContext } from '../game/algorithm.ts';
import { FlowList } from './flow-list.ts';
import { type PacketCache, sampledCache } from './sampled-cache.ts';
import type { SampledUnit } from './sampling.ts';

/** The best of 4, 16 and 64 on a tuning seed. */
const SAMPLES_PER_ENTRY = 64;

/**
 * SIEVE (Zhang et al., SIEVE is Simpler than LRU, NSDI 2024): flows stay in the order of their
 * insertion; a hit marks its flow; to evict, a hand moves from the oldest flow to newer ones, clears
 * marks, and evicts the first flow without one.
 */
export function sieve(unit: SampledUnit, samplesPerEntry: number = SAMPLES_PER_ENTRY): Algorithm {
  return sampledCache({
    name: `sieve-${unit}`,
    unit,
    samplesPerEntry,
    create: (context) => new Sieve(context),
  });
}

const NONE = -1;

class Sieve implements PacketCache {
  readonly #entries: number;
  /** The newest flow first. */
  readonly #flows: FlowList;
  readonly #marked: Uint8Array;
  #hand = NONE;

  constructor({ entries, flows }: PlacerContext) {
    this.#entries = entries;
    this.#flows = new FlowList(flows);
    this.#marked = new Uint8Array(flows);
  }

  access(flow: number): void {
    if (this.#flows.has(flow)) {
      this.#marked[flow] = 1;
      return;
    }
    if (this.#flows.size >= this.#entries) this.#evict();
    this.#marked[flow] = 0;
    this.#flows.addFirst(flow);
  }

  remove(flow: number): void {
    if (this.#hand === flow) this.#hand = this.#flows.before(flow);
    this.#flows.remove(flow);
  }

  has(flow: number): boolean {
    return this.#flows.has(flow);
  }

  forEach(visit: (flow: number) => void): void {
    this.#flows.forEach(visit);
  }

  #evict(): void {
    const flows = this.#flows;
    let flow = this.#hand === NONE ? flows.tail : this.#hand;
    while (this.#marked[flow] === 1) {
      this.#marked[flow] = 0;
      flow = flows.before(flow);
      if (flow === NONE) flow = flows.tail;
    }
    this.#hand = flows.before(flow);
    flows.remove(flow);
  }
}
