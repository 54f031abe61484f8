import { kthLargest } from '../../../engine/model/select.ts';
import type { WindowView } from '../game/algorithm.ts';

/**
 * Fills the table with the flows of the highest value among those with an entry and those that sent
 * in the window. On ties, flows with an entry stay, and no flow is removed while there are free
 * entries, so that no operation is wasted.
 */
export class KeepBest {
  #scratch = new Float64Array(0);

  apply({ senders, table }: WindowView, value: (flow: number) => number): void {
    const max = table.size + senders.length;
    if (this.#scratch.length < max) this.#scratch = new Float64Array(max * 2);
    let n = 0;
    for (; n < table.size; n++) this.#scratch[n] = value(table.at(n));
    for (const flow of senders) if (!table.has(flow)) this.#scratch[n++] = value(flow);
    if (n <= table.capacity) {
      for (const flow of senders) table.place(flow);
      return;
    }
    const min = kthLargest(this.#scratch, n, table.capacity);
    let ties = table.capacity;
    for (let i = 0; i < n; i++) if (this.#scratch[i] > min) ties--;
    for (let i = table.size - 1; i >= 0; i--) {
      const flow = table.at(i);
      const worth = value(flow);
      if (worth < min || (worth === min && ties-- <= 0)) table.evict(flow);
    }
    for (const flow of senders) {
      if (table.has(flow)) continue;
      const worth = value(flow);
      if (worth > min || (worth === min && ties-- > 0)) table.place(flow);
    }
  }
}
