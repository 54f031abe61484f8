import type { Algorithm, Placer, PlacerContext, WindowView } from '../game/algorithm.ts';
import { KeepBest } from './keep-best.ts';

/** Time constant with which what a service has sent loses weight, ms. */
const MEMORY_MS = 60_000;
/** Time-out of entries. */
const IDLE_MS = 1_000;

/**
 * A classifier of flows by the headers of their first packets (Jurkiewicz et al., Machine
 * Learning-Based Elephant Flow Classification on the First Packet, IEEE Access 12, 2024): a flow gets
 * its entry when it is new, if flows with such headers send much, and keeps it until it is idle.
 * The headers are given as the service that they belong to, without an error, and what flows of each
 * service send is learned at run time.
 */
export function firstPacket(by: 'bytes' | 'packets'): Algorithm {
  return { name: `first-packet-${by}`, create: (context) => new FirstPacket(by, context) };
}

class FirstPacket implements Placer {
  readonly #by: 'bytes' | 'packets';
  readonly #serviceOf: Uint16Array;
  readonly #kept: number;
  /** By service: traffic of its flows, and windows in which one of them sent. */
  readonly #sent: Float64Array;
  readonly #windows: Float64Array;
  readonly #usedMs: Float64Array;
  readonly #best = new KeepBest();

  constructor(by: 'bytes' | 'packets', { flows, serviceOf, windowMs }: PlacerContext) {
    const services = serviceOf.reduce((max, service) => Math.max(max, service), 0) + 1;
    this.#by = by;
    this.#serviceOf = serviceOf;
    this.#kept = Math.exp(-windowMs / MEMORY_MS);
    this.#sent = new Float64Array(services);
    this.#windows = new Float64Array(services);
    this.#usedMs = new Float64Array(flows);
  }

  decide(view: WindowView): void {
    const { senders, table, endMs, windowMs } = view;
    const amounts = view[this.#by];
    for (let service = 0; service < this.#sent.length; service++) {
      this.#sent[service] *= this.#kept;
      this.#windows[service] *= this.#kept;
    }
    for (let i = 0; i < senders.length; i++) {
      const flow = senders[i];
      this.#usedMs[flow] = endMs - windowMs + view.lastMs[i];
      this.#sent[this.#serviceOf[flow]] += amounts[i];
      this.#windows[this.#serviceOf[flow]]++;
    }
    for (let i = table.size - 1; i >= 0; i--) {
      const flow = table.at(i);
      if (endMs - this.#usedMs[flow] >= IDLE_MS) table.evict(flow);
    }
    this.#best.apply(view, (flow) => this.#expected(this.#serviceOf[flow]));
  }

  #expected(service: number): number {
    return this.#windows[service] === 0 ? 0 : this.#sent[service] / this.#windows[service];
  }
}
