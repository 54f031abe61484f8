import type { Algorithm, Placer, PlacerContext, WindowView } from '../game/algorithm.ts';
import { KeepBest } from './keep-best.ts';

/**
 * The last window's top-K: the flows that sent most in a window are placed for the next one; the
 * simplest choice with counters and a sort. A flow that is no longer among the best is evicted only
 * when its entry is needed.
 *
 * @param by the measure: bytes or packets of the last window
 */
export function topK(by: 'bytes' | 'packets'): Algorithm {
  return {
    name: `top-k-${by}`,
    create: (context) => new TopK(by, context),
  };
}

class TopK implements Placer {
  readonly #by: 'bytes' | 'packets';
  /** Traffic of each flow in the last window. */
  readonly #sent: Float64Array;
  readonly #best = new KeepBest();

  constructor(by: 'bytes' | 'packets', context: PlacerContext) {
    this.#by = by;
    this.#sent = new Float64Array(context.flows);
  }

  decide(view: WindowView): void {
    const { senders } = view;
    const amounts = view[this.#by];
    for (let i = 0; i < senders.length; i++) this.#sent[senders[i]] = amounts[i];
    this.#best.apply(view, (flow) => this.#sent[flow]);
    for (const flow of senders) this.#sent[flow] = 0;
  }
}
