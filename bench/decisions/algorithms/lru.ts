import type { Algorithm, Placer, WindowView } from '../game/algorithm.ts';
import { KeepBest } from './keep-best.ts';

/**
 * Least recently used: the textbook flow cache: every packet of a flow without an entry inserts it
 * and evicts the flow with the oldest last packet. At a window's end such a cache contains the
 * flows of the latest packets, so only those are moved; a cache that acts per packet needs many
 * times the operations.
 */
export const LRU: Algorithm = {
  name: 'lru',
  create: ({ flows }) => new Lru(flows),
};

class Lru implements Placer {
  /** Time of each flow's last packet, ms. */
  readonly #usedMs: Float64Array;
  readonly #best = new KeepBest();

  constructor(flows: number) {
    this.#usedMs = new Float64Array(flows);
  }

  decide(view: WindowView): void {
    const startMs = view.endMs - view.windowMs;
    for (let i = 0; i < view.senders.length; i++) {
      this.#usedMs[view.senders[i]] = startMs + view.lastMs[i];
    }
    this.#best.apply(view, (flow) => this.#usedMs[flow]);
  }
}
