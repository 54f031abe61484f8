import { bestFirst } from '../../../engine/model/select.ts';
import type { EntryTable } from '../game/entry-table.ts';
import type { Algorithm, Placer, WindowView } from '../game/algorithm.ts';

/** OFFL_REBAL_INTVL_MSEC and OFFL_REBAL_MAX_CHURN. */
const INTERVAL_MS = 3_000;
const MAX_CHURN = 1_024;

/**
 * Open vSwitch with `offload-rebalance` (ofproto/ofproto-dpif-upcall.c, udpif_flow_rebalance and
 * rebalance_device): like plain OVS, but once the table has refused a flow (ENOSPC), flows without
 * an entry are tried again every 3 s, highest packets/s first, until one is refused. Then they are
 * paired in descending order with offloaded flows in ascending order, and the pairs in which the
 * former is faster, at most 1,024, are swapped. Rates are whole packets/s of one interval.
 *
 * OVS has no rate for a flow younger than the interval; here its packets so far count.
 */
export const OVS_REBALANCER: Algorithm = {
  name: 'ovs-rebalancer',
  create: ({ flows }) => new Rebalancer(flows),
};

class Rebalancer implements Placer {
  /** Packets of each flow in the current interval. */
  readonly #packets: Float64Array;
  readonly #pending: number[] = [];
  readonly #offloaded: number[] = [];
  #scratch = new Float64Array(0);
  #intervalStartMs = 0;
  /** "Out of resources": a flow was refused, and not all have fitted since. */
  #refused = false;

  constructor(flows: number) {
    this.#packets = new Float64Array(flows);
  }

  decide(view: WindowView): void {
    const { table } = view;
    for (const flow of view.born) {
      this.#packets[flow] = 0;
      if (!table.place(flow)) this.#refused = true;
    }
    for (let i = 0; i < view.senders.length; i++) {
      this.#packets[view.senders[i]] += view.packets[i];
    }
    if (view.endMs - this.#intervalStartMs < INTERVAL_MS) return;
    if (this.#refused) this.#refused = this.#rebalance(table);
    this.#intervalStartMs = view.endMs;
    for (let i = 0; i < table.known.size; i++) this.#packets[table.known.at(i)] = 0;
  }

  /** One round; true while some flow is still refused. */
  #rebalance(table: EntryTable): boolean {
    const rate = (flow: number): number => Math.floor(this.#packets[flow] / (INTERVAL_MS / 1000));
    const pending = this.#pending;
    const offloaded = this.#offloaded;
    pending.length = 0;
    offloaded.length = 0;
    for (let i = 0; i < table.known.size; i++) {
      const flow = table.known.at(i);
      (table.has(flow) ? offloaded : pending).push(flow);
    }
    if (this.#scratch.length < table.known.size) {
      this.#scratch = new Float64Array(table.known.size * 2);
    }
    const free = table.free;
    const wanted = bestFirst(pending, free + MAX_CHURN, rate, this.#scratch);
    const inserted = Math.min(free, pending.length);
    for (let i = 0; i < inserted; i++) table.place(pending[i]);
    if (inserted === pending.length) return false;
    bestFirst(offloaded, MAX_CHURN, (flow) => -rate(flow), this.#scratch);
    const max = Math.min(MAX_CHURN, offloaded.length, wanted - inserted);
    let churn = 0;
    while (churn < max && rate(pending[inserted + churn]) > rate(offloaded[churn])) churn++;
    for (let i = 0; i < churn; i++) table.evict(offloaded[i]);
    for (let i = 0; i < churn; i++) table.place(pending[inserted + i]);
    return true;
  }
}
