import { mix32 } from '../../../adapters/emulator/random.ts';
import type { Algorithm, Placer, PlacerContext, WindowView } from '../game/algorithm.ts';

/** Rate from which a flow is bound, packets/s (MTK_PPE_BIND_RATE), and the ways of a bucket. */
const BIND_RATE = 30;
const WAYS = 4;

/**
 * The packet processing engine of MediaTek's routers (drivers/net/ethernet/mediatek/mtk_ppe.c): a
 * flow of 30 packets/s or more is bound to one of the four entries that its hash selects; when all
 * are bound, the busiest flows stay. It compares exact rates of the last window.
 *
 * @param by the measure of how busy a flow is
 */
export function mediatekPpe(by: 'bytes' | 'packets'): Algorithm {
  return { name: `mediatek-ppe-${by}`, create: (context) => new MediatekPpe(by, context) };
}

const NONE = -1;

class MediatekPpe implements Placer {
  readonly #by: 'bytes' | 'packets';
  readonly #ways: number;
  readonly #buckets: number;
  /** By entry: its flow, or NONE. */
  readonly #flowAt: Int32Array;
  /** By flow: what it sent in the last window. */
  readonly #sent: Float64Array;

  constructor(by: 'bytes' | 'packets', { entries, flows }: PlacerContext) {
    this.#by = by;
    this.#ways = Math.min(WAYS, entries);
    this.#buckets = Math.floor(entries / this.#ways);
    this.#flowAt = new Int32Array(this.#buckets * this.#ways).fill(NONE);
    this.#sent = new Float64Array(flows);
  }

  decide(view: WindowView): void {
    const { senders, packets, table } = view;
    const amounts = view[this.#by];
    const least = (BIND_RATE * view.windowMs) / 1000;
    for (let i = 0; i < senders.length; i++) this.#sent[senders[i]] = amounts[i];
    for (let i = 0; i < this.#flowAt.length; i++) {
      if (this.#flowAt[i] !== NONE && !table.has(this.#flowAt[i])) this.#flowAt[i] = NONE;
    }
    for (let i = 0; i < senders.length; i++) {
      const flow = senders[i];
      if (packets[i] < least || table.has(flow) || !table.known.has(flow)) continue;
      const at = this.#leastBusy(flow);
      const other = this.#flowAt[at];
      if (other !== NONE && this.#sent[other] >= this.#sent[flow]) continue;
      if (other !== NONE) table.evict(other);
      this.#flowAt[at] = table.place(flow) ? flow : NONE;
    }
    for (const flow of senders) this.#sent[flow] = 0;
  }

  /** A free entry of the flow's bucket, or else the one whose flow sent least. */
  #leastBusy(flow: number): number {
    const first = (mix32(flow) % this.#buckets) * this.#ways;
    let least = first;
    for (let at = first; at < first + this.#ways; at++) {
      const other = this.#flowAt[at];
      if (other === NONE) return at;
      if (this.#sent[other] < this.#sent[this.#flowAt[least]]) least = at;
    }
    return least;
  }
}
