import { NONE, type FlowStore } from './flow-store.ts';
import type { NodeSettings } from './options.ts';
import type { Paths } from './paths.ts';
import { exponentialOf, GOLDEN, mix32 } from './random.ts';
import type { SizeDistribution } from './sizes.ts';
import type { Vswitch } from './vswitch.ts';
import type { Workload } from './workloads.ts';

/** Payload of a full packet (1,500 byte MTU, TCP with time stamps) and its headers, bytes. */
export const SEGMENT = 1_448;
export const TCP_HEADERS = 66;
export const UDP_HEADERS = 42;
export const VLAN_TAG = 4;
/** Acknowledgements, one for two full packets, as a share of the bytes the other way. */
const ACK_SHARE = TCP_HEADERS / 2 / (SEGMENT + TCP_HEADERS);
/** Packets of the initial window (RFC 6928). */
const INITIAL_WINDOW = 10;
/** A sender whose packets are dropped tries one packet again so often, ms. */
const RETRY_MS = 1_000;

/** A connection to be opened on a row. */
export interface NewTransfer {
  readonly row: number;
  /** Row that carries the acknowledgements, or NONE. */
  readonly reverse: number;
  readonly workload: number;
  /** Transfers that the connection carries, at least 1, and the size of the first, bytes. */
  readonly transfers: number;
  readonly firstSize: number;
  /** Bytes of headers in front of the payload. */
  readonly headers: number;
  readonly rttMs: number;
  /** Most the sender gives, bits/s. */
  readonly peakBitsPerSecond: number;
  /** Number of the NIC port it comes in by, or goes out of, 0 or 1; NONE when neither. */
  readonly rxUplink: number;
  readonly txUplink: number;
  /** Seeds the draws of its later sizes and pauses. */
  readonly seed: number;
}

/** One kind of traffic, ready to be drawn from. */
export interface DrawnWorkload {
  readonly workload: Workload;
  readonly sizes: SizeDistribution;
}

/**
 * Connections that have something to send, and how fast they get it through: each starts with
 * the initial window and doubles its rate each round trip up to its peak; all of them then share
 * what the vSwitch's CPU, the NIC ports and the node as a whole leave them, in proportion to what
 * they want. What does not get through is not lost, it takes longer.
 */
export class Transfers {
  /** Payload that has been sent, bytes. */
  sentPayload = 0;
  /** Transfers that have been completed. */
  completed = 0;

  readonly #flows: FlowStore;
  readonly #paths: Paths;
  readonly #vswitch: Vswitch;
  readonly #settings: NodeSettings;
  readonly #workloads: readonly DrawnWorkload[];
  readonly #active: Int32Array;
  #count = 0;
  /** By row. Rates are bytes of payload a ms. */
  readonly #remaining: Float64Array;
  readonly #credit: Float64Array;
  readonly #rate: Float64Array;
  readonly #initialRate: Float64Array;
  readonly #peak: Float64Array;
  readonly #growth: Float64Array;
  readonly #wanted: Float64Array;
  readonly #nextAtMs: Float64Array;
  readonly #left: Int32Array;
  readonly #reverse: Int32Array;
  readonly #unacknowledged: Uint8Array;
  readonly #headers: Uint8Array;
  readonly #workload: Uint8Array;
  readonly #rx: Int8Array;
  readonly #tx: Int8Array;
  readonly #random: Uint32Array;
  /** Bytes wanted of each NIC port in this step, by way and direction; then their scales. */
  readonly #rxNic = new Float64Array(2);
  readonly #rxVswitch = new Float64Array(2);
  readonly #txNic = new Float64Array(2);
  readonly #txVswitch = new Float64Array(2);
  readonly #rxScale = new Float64Array(2);
  readonly #txScale = new Float64Array(2);

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
    this.#workloads = workloads;
    const rows = flows.capacity;
    this.#active = new Int32Array(rows);
    this.#remaining = new Float64Array(rows);
    this.#credit = new Float64Array(rows);
    this.#rate = new Float64Array(rows);
    this.#initialRate = new Float64Array(rows);
    this.#peak = new Float64Array(rows);
    this.#growth = new Float64Array(rows);
    this.#wanted = new Float64Array(rows);
    this.#nextAtMs = new Float64Array(rows);
    this.#left = new Int32Array(rows);
    this.#reverse = new Int32Array(rows);
    this.#unacknowledged = new Uint8Array(rows);
    this.#headers = new Uint8Array(rows);
    this.#workload = new Uint8Array(rows);
    this.#rx = new Int8Array(rows);
    this.#tx = new Int8Array(rows);
    this.#random = new Uint32Array(rows);
  }

  /** Connections that are open. */
  get open(): number {
    return this.#count;
  }

  /** Opens a connection; it sends from the next step on. */
  start(t: NewTransfer): void {
    const { row } = t;
    this.#active[this.#count++] = row;
    this.#remaining[row] = t.firstSize;
    this.#credit[row] = 0;
    this.#initialRate[row] = (INITIAL_WINDOW * SEGMENT) / t.rttMs;
    this.#rate[row] = this.#initialRate[row];
    this.#peak[row] = t.peakBitsPerSecond / 8 / 1_000;
    this.#growth[row] = 2 ** Math.min(30, this.#settings.stepMs / t.rttMs);
    this.#nextAtMs[row] = Number.NEGATIVE_INFINITY;
    this.#left[row] = t.transfers;
    this.#reverse[row] = t.reverse;
    this.#unacknowledged[row] = 0;
    this.#headers[row] = t.headers;
    this.#workload[row] = t.workload;
    this.#rx[row] = t.rxUplink;
    this.#tx[row] = t.txUplink;
    this.#random[row] = t.seed;
  }

  /** Ends every connection with a flow for which `gone` is true. */
  endWhere(gone: (row: number) => boolean): void {
    for (let i = this.#count - 1; i >= 0; i--) {
      const row = this.#active[i];
      const reverse = this.#reverse[row];
      if (gone(row) || (reverse !== NONE && gone(reverse))) this.#end(i);
    }
  }

  /** Sends for one step that ends at `nowMs`. */
  step(nowMs: number): void {
    const scale = this.#want(nowMs);
    for (let i = this.#count - 1; i >= 0; i--) {
      const row = this.#active[i];
      const wanted = this.#wanted[row];
      if (wanted <= 0) continue;
      const reverse = this.#reverse[row];
      const answered = reverse === NONE || !this.#paths.drops(reverse, nowMs);
      if (!answered || this.#paths.drops(row, nowMs)) {
        this.#retry(row, nowMs);
        continue;
      }
      let share = this.#paths.onNic(row, nowMs) ? 1 : scale;
      if (this.#rx[row] !== NONE) share *= this.#rxScale[this.#rx[row]];
      if (this.#tx[row] !== NONE) share *= this.#txScale[this.#tx[row]];
      this.#credit[row] += wanted * share;
      this.#send(row, nowMs);
      if (this.#remaining[row] <= 0) this.#next(i, nowMs);
    }
  }

  /** Sums up what everybody wants; sets the ports' scales and returns the vSwitch's. */
  #want(nowMs: number): number {
    const stepMs = this.#settings.stepMs;
    for (const sums of [this.#rxNic, this.#rxVswitch, this.#txNic, this.#txVswitch]) sums.fill(0);
    let packets = 0;
    for (let i = 0; i < this.#count; i++) {
      const row = this.#active[i];
      if (this.#nextAtMs[row] > nowMs) {
        this.#wanted[row] = 0;
        continue;
      }
      const rate = Math.min(this.#peak[row], this.#rate[row]);
      this.#rate[row] = Math.min(this.#peak[row], rate * this.#growth[row]);
      const wanted = Math.min(rate * stepMs, this.#remaining[row] - this.#credit[row]);
      this.#wanted[row] = wanted;
      const rx = this.#rx[row];
      const tx = this.#tx[row];
      const nic = this.#paths.onNic(row, nowMs);
      const reverse = this.#reverse[row];
      const acks = reverse === NONE ? 0 : wanted * ACK_SHARE;
      if (rx !== NONE) {
        (nic ? this.#rxNic : this.#rxVswitch)[rx] += wanted;
        this.#txNic[rx] += acks;
      }
      if (tx !== NONE) {
        (nic ? this.#txNic : this.#txVswitch)[tx] += wanted;
        this.#rxNic[tx] += acks;
      }
      if (!nic) packets += wanted / SEGMENT;
      if (reverse !== NONE && !this.#paths.onNic(reverse, nowMs)) packets += wanted / SEGMENT / 2;
    }
    const neededNs = packets * this.#settings.nsPerPacket;
    const budgetNs = this.#vswitch.budgetNs(stepMs);
    const scale = neededNs > budgetNs ? budgetNs / neededNs : 1;
    const s = this.#settings;
    share(this.#rxScale, this.#rxNic, this.#rxVswitch, scale, s, s.nodeReceiveBitsPerSecond);
    share(this.#txScale, this.#txNic, this.#txVswitch, scale, s, s.nodeSendBitsPerSecond);
    return scale;
  }

  /** Sends the whole packets that the row has credit for, and their acknowledgements. */
  #send(row: number, nowMs: number): void {
    const remaining = this.#remaining[row];
    // Credit adds up in fractions of a byte.
    const last = this.#credit[row] >= remaining - 0.5;
    const payload = last ? remaining : Math.floor(this.#credit[row] / SEGMENT) * SEGMENT;
    if (payload === 0) return;
    const packets = Math.ceil(payload / SEGMENT);
    const headers = this.#headers[row];
    this.#remaining[row] = remaining - payload;
    this.#credit[row] = last ? 0 : this.#credit[row] - payload;
    this.sentPayload += payload;
    const bytes = payload + packets * headers;
    this.#paths.carry(row, packets, bytes, Math.min(SEGMENT, payload) + headers, nowMs);
    const reverse = this.#reverse[row];
    if (reverse === NONE) return;
    const due = this.#unacknowledged[row] + packets;
    const acks = last ? Math.ceil(due / 2) : due >> 1;
    this.#unacknowledged[row] = last ? 0 : due & 1;
    if (acks > 0) this.#paths.carry(reverse, acks, acks * TCP_HEADERS, TCP_HEADERS, nowMs);
  }

  #retry(row: number, nowMs: number): void {
    const bytes = Math.min(SEGMENT, this.#remaining[row]) + this.#headers[row];
    this.#paths.carry(row, 1, bytes, bytes, nowMs);
    this.#rate[row] = this.#initialRate[row];
    this.#credit[row] = 0;
    this.#nextAtMs[row] = nowMs + RETRY_MS;
  }

  /** A transfer is through: pauses before the next one of the connection, or ends it. */
  #next(i: number, nowMs: number): void {
    const row = this.#active[i];
    this.completed++;
    if (--this.#left[row] <= 0) {
      this.#end(i);
      return;
    }
    const { workload, sizes } = this.#workloads[this.#workload[row]];
    this.#remaining[row] = sizes.quantile(this.#draw(row));
    this.#nextAtMs[row] = nowMs + exponentialOf(this.#draw(row), workload.pauseMs);
    this.#rate[row] = this.#initialRate[row];
  }

  #end(i: number): void {
    const row = this.#active[i];
    this.#flows.attached[row] = 0;
    const reverse = this.#reverse[row];
    if (reverse !== NONE) this.#flows.attached[reverse] = 0;
    this.#active[i] = this.#active[--this.#count];
  }

  #draw(row: number): number {
    this.#random[row] += GOLDEN;
    return mix32(this.#random[row]) / 2 ** 32;
  }
}

/** Shares the two ports' rate, and what the node can do with both, among what is wanted. */
function share(
  scales: Float64Array,
  nic: Float64Array,
  vswitch: Float64Array,
  vswitchScale: number,
  settings: NodeSettings,
  nodeBitsPerSecond: number,
): void {
  // Bytes of payload that a step can carry; headers take their part of the wire.
  const perBit = (settings.stepMs / 8_000) * (SEGMENT / (SEGMENT + TCP_HEADERS));
  const port = settings.linkBitsPerSecond * perBit;
  let through = 0;
  for (let p = 0; p < scales.length; p++) {
    const wanted = nic[p] + vswitch[p] * vswitchScale;
    scales[p] = wanted > port ? port / wanted : 1;
    through += Math.min(wanted, port);
  }
  const node = nodeBitsPerSecond * perBit;
  if (through > node) for (let p = 0; p < scales.length; p++) scales[p] *= node / through;
}
