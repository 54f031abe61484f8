import type { Placer, WindowView } from '../game/algorithm.ts';

/** What a flow has sent, in one unit. */
export interface SentByFlow {
  /** In the window, and since the vSwitch has had the flow. */
  readonly inWindow: number;
  readonly sinceBirth: number;
}

/**
 * Admission by what flows sent, eviction by a time-out: how elephant detectors work. While the table
 * is full no flow is placed; otherwise the largest of the window first.
 */
export class Threshold implements Placer {
  readonly #unit: 'bytes' | 'packets';
  readonly #admits: (sent: SentByFlow) => boolean;
  readonly #idleMs: number;
  readonly #usedMs: Float64Array;
  readonly #sent: Float64Array;
  readonly #sinceBirth: Float64Array;
  readonly #admitted: number[] = [];

  /**
   * @param admits true if a flow without an entry is admitted at a window's end
   * @param idleMs time without a packet after which an entry is evicted
   */
  constructor(
    flows: number,
    unit: 'bytes' | 'packets',
    admits: (sent: SentByFlow) => boolean,
    idleMs: number,
  ) {
    this.#unit = unit;
    this.#admits = admits;
    this.#idleMs = idleMs;
    this.#usedMs = new Float64Array(flows);
    this.#sent = new Float64Array(flows);
    this.#sinceBirth = new Float64Array(flows);
  }

  decide(view: WindowView): void {
    const { senders, table, endMs } = view;
    const startMs = endMs - view.windowMs;
    const amounts = view[this.#unit];
    for (const flow of view.born) this.#sinceBirth[flow] = 0;
    this.#admitted.length = 0;
    for (let i = 0; i < senders.length; i++) {
      const flow = senders[i];
      this.#usedMs[flow] = startMs + view.lastMs[i];
      this.#sent[flow] = amounts[i];
      const sinceBirth = this.#sinceBirth[flow] + amounts[i];
      this.#sinceBirth[flow] = sinceBirth;
      if (table.has(flow)) continue;
      if (this.#admits({ inWindow: amounts[i], sinceBirth })) this.#admitted.push(flow);
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

/** Admits flows that sent this much in a window. */
export function inWindow(threshold: number): (sent: SentByFlow) => boolean {
  return (sent) => sent.inWindow >= threshold;
}
