import type { Placer, WindowView } from '../game/algorithm.ts';

/**
 * Admission by a threshold on the bytes of a window, eviction by a time-out: how elephant detectors
 * work. While the table is full no flow is placed; otherwise the largest first.
 */
export class Threshold implements Placer {
  readonly #bytes: number;
  readonly #idleMs: number;
  readonly #usedMs: Float64Array;
  readonly #sent: Float64Array;
  readonly #admitted: number[] = [];

  /**
   * @param bytes bytes that a flow must send in a window
   * @param idleMs time without a packet after which an entry is evicted
   */
  constructor(flows: number, bytes: number, idleMs: number) {
    this.#bytes = bytes;
    this.#idleMs = idleMs;
    this.#usedMs = new Float64Array(flows);
    this.#sent = new Float64Array(flows);
  }

  decide(view: WindowView): void {
    const { senders, table, endMs } = view;
    const startMs = endMs - view.windowMs;
    this.#admitted.length = 0;
    for (let i = 0; i < senders.length; i++) {
      const flow = senders[i];
      this.#usedMs[flow] = startMs + view.lastMs[i];
      this.#sent[flow] = view.bytes[i];
      if (view.bytes[i] >= this.#bytes && !table.has(flow)) this.#admitted.push(flow);
    }
    for (let i = table.size - 1; i >= 0; i--) {
      const flow = table.at(i);
      if (endMs - this.#usedMs[flow] >= this.#idleMs) table.evict(flow);
    }
    if (this.#admitted.length > table.free) {
      this.#admitted.sort((a, b) => this.#sent[b] - this.#sent[a] || a - b);
    }
    for (const flow of this.#admitted) table.place(flow);
  }
}
