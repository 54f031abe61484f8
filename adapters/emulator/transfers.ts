import { NONE, type FlowStore } from './flow-store.ts';
import { Links } from './links.ts';
import type { NodeSettings } from './options.ts';
import { SEGMENT, TCP_HEADERS } from './packets.ts';
import type { Paths } from './paths.ts';
import { exponentialOf } from './random.ts';
import type { SizeDistribution } from './sizes.ts';
import { type NewTransfer, TransferColumns } from './transfer-columns.ts';
import type { Vswitch } from './vswitch.ts';
import type { Workload } from './workloads.ts';

/** Retry period of a sender whose packets are dropped, ms. */
const RETRY_MS = 1_000;

/** A workload and the distribution of its sizes. */
export interface DrawnWorkload {
  readonly workload: Workload;
  readonly sizes: SizeDistribution;
}

/**
 * The open connections and their rates. Each starts with the initial window and doubles its rate
 * every round trip up to its peak. They share the capacity of the vSwitch's CPUs, the NIC ports and
 * the node in proportion to their demand. Traffic beyond the capacity is delayed, not lost.
 */
export class Transfers {
  /** Payload sent, bytes. */
  sentPayload = 0;
  /** Transfers completed. */
  completed = 0;

  readonly #flows: FlowStore;
  readonly #paths: Paths;
  readonly #vswitch: Vswitch;
  readonly #settings: NodeSettings;
  readonly #workloads: readonly DrawnWorkload[];
  readonly #active: Int32Array;
  #count = 0;
  readonly #columns: TransferColumns;
  readonly #links: Links;

  constructor(
    flows: FlowStore,
    paths: Paths,
    vswitch: Vswitch,
    workloads: readonly DrawnWorkload[],
    settings: NodeSettings,
  ) {
    this.#flows = flows;
    this.#paths = paths;
    this.#vswitch = vswitch;
    this.#settings = settings;
    this.#links = new Links(settings);
    this.#workloads = workloads;
    this.#active = new Int32Array(flows.capacity);
    this.#columns = new TransferColumns(flows.capacity, settings.stepMs);
  }

  /** Number of open connections. */
  get open(): number {
    return this.#count;
  }

  /** Opens a connection; it sends from the next step on. */
  start(t: NewTransfer): void {
    this.#active[this.#count++] = t.row;
    this.#columns.open(t);
  }

  /** Ends every connection with a flow for which `gone` is true. */
  endWhere(gone: (row: number) => boolean): void {
    for (let i = this.#count - 1; i >= 0; i--) {
      const row = this.#active[i];
      const reverse = this.#columns.reverse[row];
      if (gone(row) || (reverse !== NONE && gone(reverse))) this.#closeConnection(i);
    }
  }

  /** Sends for one step that ends at `nowMs`. */
  step(nowMs: number): void {
    const c = this.#columns;
    const scale = this.#sumDemand(nowMs);
    for (let i = this.#count - 1; i >= 0; i--) {
      const row = this.#active[i];
      const demand = c.demand[row];
      if (demand <= 0) continue;
      const reverse = c.reverse[row];
      const answered = reverse === NONE || !this.#paths.drops(reverse, nowMs);
      if (!answered || this.#paths.drops(row, nowMs)) {
        this.#retry(row, nowMs);
        continue;
      }
      let share = this.#paths.onNic(row, nowMs) ? 1 : scale;
      if (c.rx[row] !== NONE) share *= this.#links.received(c.rx[row]);
      if (c.tx[row] !== NONE) share *= this.#links.sent(c.tx[row]);
      c.credit[row] += demand * share;
      this.#send(row, nowMs);
      if (c.remaining[row] <= 0) this.#endTransfer(i, nowMs);
    }
  }

  /** Sums the demand; returns the share that the vSwitch's CPUs can process. */
  #sumDemand(nowMs: number): number {
    const c = this.#columns;
    const stepMs = this.#settings.stepMs;
    this.#links.clear();
    let packets = 0;
    for (let i = 0; i < this.#count; i++) {
      const row = this.#active[i];
      if (c.nextAtMs[row] > nowMs) {
        c.demand[row] = 0;
        continue;
      }
      const rate = Math.min(c.peak[row], c.rate[row]);
      c.rate[row] = Math.min(c.peak[row], rate * c.growth[row]);
      const demand = Math.min(rate * stepMs, c.remaining[row] - c.credit[row]);
      c.demand[row] = demand;
      const rx = c.rx[row];
      const tx = c.tx[row];
      const nic = this.#paths.onNic(row, nowMs);
      const reverse = c.reverse[row];
      const acknowledged = reverse !== NONE;
      if (rx !== NONE) this.#links.addReceiveDemand(rx, demand, nic, acknowledged);
      if (tx !== NONE) this.#links.addSendDemand(tx, demand, nic, acknowledged);
      if (!nic) packets += demand / SEGMENT;
      if (acknowledged && !this.#paths.onNic(reverse, nowMs)) packets += demand / SEGMENT / 2;
    }
    const neededNs = packets * this.#settings.nsPerPacket;
    const budgetNs = this.#vswitch.budgetNs(stepMs);
    const scale = neededNs > budgetNs ? budgetNs / neededNs : 1;
    this.#links.share(scale);
    return scale;
  }

  /** Sends the whole packets that the row has credit for, and their acknowledgements. */
  #send(row: number, nowMs: number): void {
    const c = this.#columns;
    const remaining = c.remaining[row];
    // Credit adds up in fractions of a byte.
    const last = c.credit[row] >= remaining - 0.5;
    const payload = last ? remaining : Math.floor(c.credit[row] / SEGMENT) * SEGMENT;
    if (payload === 0) return;
    const packets = Math.ceil(payload / SEGMENT);
    const headers = c.headers[row];
    c.remaining[row] = remaining - payload;
    c.credit[row] = last ? 0 : c.credit[row] - payload;
    this.sentPayload += payload;
    const bytes = payload + packets * headers;
    this.#paths.carry(row, packets, bytes, Math.min(SEGMENT, payload) + headers, nowMs);
    const reverse = c.reverse[row];
    if (reverse === NONE) return;
    const due = c.unacknowledged[row] + packets;
    const acks = last ? Math.ceil(due / 2) : due >> 1;
    c.unacknowledged[row] = last ? 0 : due & 1;
    if (acks > 0) this.#paths.carry(reverse, acks, acks * TCP_HEADERS, TCP_HEADERS, nowMs);
  }

  #retry(row: number, nowMs: number): void {
    const c = this.#columns;
    const bytes = Math.min(SEGMENT, c.remaining[row]) + c.headers[row];
    this.#paths.carry(row, 1, bytes, bytes, nowMs);
    c.rate[row] = c.initialRate[row];
    c.credit[row] = 0;
    c.nextAtMs[row] = nowMs + RETRY_MS;
  }

  /** Ends a transfer: pauses before the connection's next one, or ends the connection. */
  #endTransfer(i: number, nowMs: number): void {
    const c = this.#columns;
    const row = this.#active[i];
    this.completed++;
    if (--c.left[row] <= 0) {
      this.#closeConnection(i);
      return;
    }
    const { workload, sizes } = this.#workloads[c.workload[row]];
    c.remaining[row] = sizes.quantile(c.draw(row));
    c.nextAtMs[row] = nowMs + exponentialOf(c.draw(row), workload.pauseMs);
    c.rate[row] = c.initialRate[row];
  }

  #closeConnection(i: number): void {
    const row = this.#active[i];
    this.#flows.attached[row] = 0;
    const reverse = this.#columns.reverse[row];
    if (reverse !== NONE) this.#flows.attached[reverse] = 0;
    this.#active[i] = this.#active[--this.#count];
  }
}
