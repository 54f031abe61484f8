import type { Algorithm, PlacerContext } from '../game/algorithm.ts';
import { FlowList } from './flow-list.ts';
import { type PacketCache, sampledCache } from './sampled-cache.ts';
import type { SampledUnit } from './sampling.ts';

/** Share of the small queue, and the maximum of a flow's hits that count; as in the paper. */
const SMALL_SHARE = 0.1;
const MAX_HITS = 3;
/** The best of 4, 16 and 64 on a tuning seed. */
const SAMPLES_PER_ENTRY = 64;

/**
 * S3-FIFO (Yang et al., FIFO Queues are All You Need for Cache Eviction, SOSP 2023): new flows enter
 * a small queue, from which those with more than one hit move to the main queue; the others leave,
 * and are remembered for a while, so that they enter the main queue when they return. The main queue
 * gives its oldest flow another turn for each of its hits.
 */
export function s3Fifo(unit: SampledUnit, samplesPerEntry: number = SAMPLES_PER_ENTRY): Algorithm {
  return sampledCache({
    name: `s3-fifo-${unit}`,
    unit,
    samplesPerEntry,
    create: (context) => new S3Fifo(context),
  });
}

class S3Fifo implements PacketCache {
  readonly #entries: number;
  readonly #maxSmall: number;
  /** The newest flow first. */
  readonly #small: FlowList;
  readonly #main: FlowList;
  /** Flows that left the small queue. */
  readonly #ghosts: FlowList;
  readonly #hits: Uint8Array;

  constructor({ entries, flows }: PlacerContext) {
    this.#entries = entries;
    this.#maxSmall = Math.max(1, Math.floor(entries * SMALL_SHARE));
    this.#small = new FlowList(flows);
    this.#main = new FlowList(flows);
    this.#ghosts = new FlowList(flows);
    this.#hits = new Uint8Array(flows);
  }

  access(flow: number): void {
    if (this.has(flow)) {
      this.#hits[flow] = Math.min(MAX_HITS, this.#hits[flow] + 1);
      return;
    }
    while (this.#small.size + this.#main.size >= this.#entries) this.#evict();
    this.#hits[flow] = 0;
    if (this.#ghosts.remove(flow)) this.#main.addFirst(flow);
    else this.#small.addFirst(flow);
  }

  remove(flow: number): void {
    this.#small.remove(flow);
    this.#main.remove(flow);
    this.#ghosts.remove(flow);
  }

  has(flow: number): boolean {
    return this.#small.has(flow) || this.#main.has(flow);
  }

  forEach(visit: (flow: number) => void): void {
    this.#small.forEach(visit);
    this.#main.forEach(visit);
  }

  #evict(): void {
    if (this.#small.size >= this.#maxSmall || this.#main.size === 0) this.#evictSmall();
    else this.#evictMain();
  }

  #evictSmall(): void {
    const flow = this.#small.tail;
    this.#small.remove(flow);
    if (this.#hits[flow] > 1) {
      this.#hits[flow] = 0;
      this.#main.addFirst(flow);
      return;
    }
    this.#ghosts.addFirst(flow);
    if (this.#ghosts.size > this.#entries) this.#ghosts.remove(this.#ghosts.tail);
  }

  #evictMain(): void {
    const flow = this.#main.tail;
    this.#main.remove(flow);
    if (this.#hits[flow] === 0) return;
    this.#hits[flow]--;
    this.#main.addFirst(flow);
  }
}
