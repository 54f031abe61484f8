import { bestFirst } from '../../../engine/planner/select.ts';
import type { Algorithm, Placer, PlacerContext, WindowView } from '../algorithm.ts';

/**
 * The last window's top-K: whoever sent most in the window that ends is placed for the next one.
 * The plain choice of anybody with counters and a sort. To spare it operations, a flow that fell
 * out of the best is taken out only when its entry is needed, the least of them first.
 *
 * @param by what is counted: bytes or packets of the last window
 */
export function topK(by: 'bytes' | 'packets'): Algorithm {
  return {
    name: `top-k-${by}`,
    create: (context) => new TopK(by, context),
  };
}

class TopK implements Placer {
  readonly name: string;
  readonly #by: 'bytes' | 'packets';
  /** What each flow sent in the last window: zero for those that did not. */
  readonly #sent: Float64Array;
  readonly #best: number[] = [];
  readonly #victims: number[] = [];
  #scratch = new Float64Array(0);

  constructor(by: 'bytes' | 'packets', context: PlacerContext) {
    this.name = `top-k-${by}`;
    this.#by = by;
    this.#sent = new Float64Array(context.flows);
  }

  decide(view: WindowView): void {
    const { senders, table } = view;
    const amounts = view[this.#by];
    for (let i = 0; i < senders.length; i++) this.#sent[senders[i]] = amounts[i];
    const needed = Math.max(senders.length, table.size);
    if (this.#scratch.length < needed) this.#scratch = new Float64Array(needed * 2);
    this.#chooseBest(view);
    this.#chooseVictims(view);
    let victim = 0;
    for (const flow of this.#best) {
      if (table.has(flow)) continue;
      if (table.free === 0) table.evict(this.#victims[victim++]);
      table.place(flow);
    }
    for (const flow of senders) this.#sent[flow] = 0;
  }

  #chooseBest({ senders, table }: WindowView): void {
    this.#best.length = 0;
    for (const flow of senders) this.#best.push(flow);
    const value = (flow: number): number => this.#sent[flow];
    bestFirst(this.#best, table.capacity, value, this.#scratch);
    // Ties with the last one come along: the table has no room for them.
    this.#best.length = Math.min(this.#best.length, table.capacity);
  }

  /** Placed flows that are not among the best, the least first. */
  #chooseVictims({ table }: WindowView): void {
    const victims = this.#victims;
    victims.length = 0;
    const best = new Set(this.#best);
    for (let i = 0; i < table.size; i++) {
      if (!best.has(table.at(i))) victims.push(table.at(i));
    }
    victims.sort((a, b) => this.#sent[a] - this.#sent[b] || a - b);
  }
}
