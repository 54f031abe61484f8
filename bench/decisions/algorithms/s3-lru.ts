import { mix32 } from '../../../adapters/emulator/random.ts';
import type { Algorithm, PlacerContext } from '../game/algorithm.ts';
import { type PacketCache, sampledCache } from './sampled-cache.ts';
import type { SampledUnit } from './sampling.ts';

/** Places of a bucket, of which new flows enter in the middle. */
const BUCKET = 32;
/** The best of 4, 16 and 64 on a tuning seed. */
const SAMPLES_PER_ENTRY = 64;

/**
 * Single-step segmented LRU in a naive hash table (Zadnik, Canini, Moore, Miller and Li, Tracking
 * Elephant Flows in Internet Backbone Traffic with an FPGA-based Cache, FPL 2009): each bucket is a
 * list; a packet moves its flow one step up; a new flow enters in the middle, and the bucket's last
 * flow leaves.
 */
export function s3Lru(unit: SampledUnit, samplesPerEntry: number = SAMPLES_PER_ENTRY): Algorithm {
  return sampledCache({
    name: `s3-lru-${unit}`,
    unit,
    samplesPerEntry,
    create: (context) => new S3Lru(context),
  });
}

const NONE = -1;

class S3Lru implements PacketCache {
  readonly #buckets: number;
  readonly #places: number;
  /** By place, bucket after bucket: the flow, or NONE after the bucket's last one. */
  readonly #flowAt: Int32Array;
  /** By flow: its place, or NONE. */
  readonly #placeOf: Int32Array;

  constructor({ entries, flows }: PlacerContext) {
    this.#places = Math.min(BUCKET, entries);
    this.#buckets = Math.floor(entries / this.#places);
    this.#flowAt = new Int32Array(this.#buckets * this.#places).fill(NONE);
    this.#placeOf = new Int32Array(flows).fill(NONE);
  }

  access(flow: number): void {
    const place = this.#placeOf[flow];
    if (place === NONE) {
      this.#insert(flow);
    } else if (place % this.#places > 0) {
      this.#put(this.#flowAt[place - 1], place);
      this.#put(flow, place - 1);
    }
  }

  remove(flow: number): void {
    const place = this.#placeOf[flow];
    if (place === NONE) return;
    this.#placeOf[flow] = NONE;
    const end = place - (place % this.#places) + this.#places;
    for (let i = place; i < end - 1; i++) this.#put(this.#flowAt[i + 1], i);
    this.#flowAt[end - 1] = NONE;
  }

  has(flow: number): boolean {
    return this.#placeOf[flow] !== NONE;
  }

  forEach(visit: (flow: number) => void): void {
    for (const flow of this.#flowAt) if (flow !== NONE) visit(flow);
  }

  #insert(flow: number): void {
    const first = (mix32(flow) % this.#buckets) * this.#places;
    const last = first + this.#places - 1;
    let at = first + (this.#places >> 1);
    while (at > first && this.#flowAt[at - 1] === NONE) at--;
    if (this.#flowAt[last] !== NONE) this.#placeOf[this.#flowAt[last]] = NONE;
    for (let i = last; i > at; i--) this.#put(this.#flowAt[i - 1], i);
    this.#put(flow, at);
  }

  #put(flow: number, place: number): void {
    this.#flowAt[place] = flow;
    if (flow !== NONE) this.#placeOf[flow] = place;
  }
}
