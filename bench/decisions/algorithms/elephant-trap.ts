import { Sfc32 } from '../../../adapters/emulator/random.ts';
import type { Algorithm, Placer, PlacerContext, WindowView } from '../game/algorithm.ts';
import { samplesOf } from './sampling.ts';

/** The clock hand halves counters above it and evicts others. */
const THRESHOLD = 1;
/**
 * Sampled packets per second, as a multiple of the entries; more gains little on the tuning seeds.
 */
const SAMPLES_PER_ENTRY = 16;
const SEED = 1;

/**
 * ElephantTrap (Lu, Wang, Prabhakar and Bonomi, ElephantTrap: A Low Cost Device for Identifying
 * Large Flows, Hot Interconnects 2007): packets are sampled; a sampled packet of a flow in the trap
 * increments its counter; for another flow, a clock hand halves counters above a threshold and
 * replaces the first flow that is not above it.
 *
 * The paper leaves the sampling probability to the operator. Here it follows the traffic, so that a
 * trap of any size gets the same number of samples per entry. Flows that were in the trap only
 * between two decisions are not counted as operations.
 */
export function elephantTrap(samplesPerEntry: number = SAMPLES_PER_ENTRY): Algorithm {
  return {
    name: 'elephant-trap',
    create: (context) => new ElephantTrap(context, samplesPerEntry),
  };
}

const NONE = -1;

class ElephantTrap implements Placer {
  readonly #random = new Sfc32(SEED);
  readonly #samples: number;
  /** By place in the trap: flow, or NONE, and counter. */
  readonly #flow: Int32Array;
  readonly #count: Float64Array;
  /** By flow: place in the trap, or NONE. */
  readonly #place: Int32Array;
  #hand = 0;

  constructor({ flows, entries, windowMs }: PlacerContext, samplesPerEntry: number) {
    this.#samples = (samplesPerEntry * entries * windowMs) / 1000;
    this.#flow = new Int32Array(entries).fill(NONE);
    this.#count = new Float64Array(entries);
    this.#place = new Int32Array(flows).fill(NONE);
  }

  decide(view: WindowView): void {
    const { table } = view;
    for (const flow of view.gone) this.#release(flow);
    for (const flow of samplesOf(view, this.#samples, this.#random)) this.#sampled(flow);
    for (let i = table.size - 1; i >= 0; i--) {
      const flow = table.at(i);
      if (this.#place[flow] === NONE) table.evict(flow);
    }
    for (const flow of this.#flow) if (flow !== NONE) table.place(flow);
  }

  #sampled(flow: number): void {
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

  #release(flow: number): void {
    const place = this.#place[flow];
    if (place === NONE) return;
    this.#place[flow] = NONE;
    this.#flow[place] = NONE;
    this.#count[place] = 0;
  }

  #advance(): void {
    this.#hand = (this.#hand + 1) % this.#flow.length;
  }
}
