import type { Algorithm, PlacerContext } from '../game/algorithm.ts';
import { type PacketCache, sampledCache } from './sampled-cache.ts';

/** The clock hand halves counters above it and evicts others. */
const THRESHOLD = 1;
/**
 * Sampled packets per second, as a multiple of the entries; more gains little on the tuning seeds.
 */
const SAMPLES_PER_ENTRY = 16;

/**
 * ElephantTrap (Lu, Wang, Prabhakar and Bonomi, ElephantTrap: A Low Cost Device for Identifying
 * Large Flows, Hot Interconnects 2007): packets are sampled; a sampled packet of a flow in the trap
 * increments its counter; for another flow, a clock hand halves counters above a threshold and
 * replaces the first flow that is not above it.
 *
 * The paper leaves the sampling probability to the operator. Here it follows the traffic, so that a
 * trap of any size gets the same number of samples per entry.
 */
export function elephantTrap(samplesPerEntry: number = SAMPLES_PER_ENTRY): Algorithm {
  return sampledCache({
    name: 'elephant-trap',
    unit: 'packets',
    samplesPerEntry,
    create: (context) => new ElephantTrap(context),
  });
}

const NONE = -1;

class ElephantTrap implements PacketCache {
  /** By place in the trap: flow, or NONE, and counter. */
  readonly #flow: Int32Array;
  readonly #count: Float64Array;
  /** By flow: place in the trap, or NONE. */
  readonly #place: Int32Array;
  #hand = 0;

  constructor({ flows, entries }: PlacerContext) {
    this.#flow = new Int32Array(entries).fill(NONE);
    this.#count = new Float64Array(entries);
    this.#place = new Int32Array(flows).fill(NONE);
  }

  access(flow: number): void {
    const place = this.#place[flow];
    if (place !== NONE) {
      this.#count[place]++;
      return;
    }
    while (this.#count[this.#hand] > THRESHOLD) {
      this.#count[this.#hand] /= 2;
      this.#advance();
    }
    const old = this.#flow[this.#hand];
    if (old !== NONE) this.#place[old] = NONE;
    this.#flow[this.#hand] = flow;
    this.#count[this.#hand] = 0;
    this.#place[flow] = this.#hand;
    this.#advance();
  }

  remove(flow: number): void {
    const place = this.#place[flow];
    if (place === NONE) return;
    this.#place[flow] = NONE;
    this.#flow[place] = NONE;
    this.#count[place] = 0;
  }

  has(flow: number): boolean {
    return this.#place[flow] !== NONE;
  }

  forEach(visit: (flow: number) => void): void {
    for (const flow of this.#flow) if (flow !== NONE) visit(flow);
  }

  #advance(): void {
    this.#hand = (this.#hand + 1) % this.#flow.length;
  }
}
