import type { Algorithm, Placer, WindowView } from '../game/algorithm.ts';
import { KeepBest } from './keep-best.ts';

/** Time after which all counts are halved, ms: the best on the tuning seeds of 1 to 20 s. */
const HALVE_MS = 1_000;

/**
 * Least frequently used with aging (Robinson and Devarakonda, Data Cache Management Using
 * Frequency-Based Replacement, SIGMETRICS 1990): each packet increments its flow's count, the flow
 * with the lowest count is evicted, and all counts are halved periodically. Counts are kept for
 * every flow of the vSwitch, with or without an entry ("perfect" LFU).
 */
export function lfu(halveMs: number = HALVE_MS): Algorithm {
  return {
    name: 'lfu',
    create: ({ flows }) => new Lfu(flows, halveMs),
  };
}

class Lfu implements Placer {
  readonly #counts: Float64Array;
  readonly #halveMs: number;
  #halvedAtMs = 0;
  readonly #best = new KeepBest();

  constructor(flows: number, halveMs: number) {
    this.#counts = new Float64Array(flows);
    this.#halveMs = halveMs;
  }

  decide(view: WindowView): void {
    const counts = this.#counts;
    for (const flow of view.born) counts[flow] = 0;
    for (let i = 0; i < view.senders.length; i++) counts[view.senders[i]] += view.packets[i];
    if (view.endMs - this.#halvedAtMs >= this.#halveMs) {
      this.#halvedAtMs = view.endMs;
      const { known } = view.table;
      for (let i = 0; i < known.size; i++) counts[known.at(i)] /= 2;
    }
    this.#best.apply(view, (flow) => counts[flow]);
  }
}
