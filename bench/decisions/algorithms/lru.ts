import type { Algorithm, Placer, WindowView } from '../game/algorithm.ts';
import { KeepBest } from './keep-best.ts';

/**
 * Least recently used: every packet of a flow without an entry brings it in, and the flow whose
 * last packet is longest ago goes; the flow cache of textbooks. What stands in such a cache at a
 * window's end are the flows of the latest packets, so only they are moved: a cache that acts at
 * each packet would take many times the operations.
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
