import { copied } from '../engine/model/columns.ts';
import { FlowTable } from '../engine/model/flow-table.ts';
import { type FlowSpec, Placement } from '../engine/model/flow.ts';
import type { CounterSink } from '../engine/ports/offload-backend.ts';
import { updateRates } from '../telemetry/rates.ts';
import type { MemoryBackend } from './memory-backend.ts';
import { SMOOTHING_MS } from '../engine/loop/defaults.ts';
import { HEARTBEAT_MS } from './settings.ts';

/**
 * A vSwitch and its backends in memory. A backend carries the packets of a flow with an entry,
 * except for the heartbeat, one packet per second; all others go through the vSwitch. A reading of
 * both is written to the flow table as by the daemon's observer.
 *
 * Flows are identified by slots, small numbers that the caller assigns. Nothing is allocated for a
 * known flow.
 */
export class SimulatedNode {
  readonly table = new FlowTable();
  /** Traffic of the last `send` that went through the vSwitch. */
  sentPackets = 0;
  sentBytes = 0;

  readonly #backends: readonly MemoryBackend[];
  /** By backend. */
  readonly #sinks: readonly CounterSink[];
  /** Slots used so far. */
  #high = 0;
  /** By slot; undefined where the vSwitch has no flow. */
  readonly #flows: (FlowSpec | undefined)[] = [];
  /** Row in the table, or -1 before the first reading. */
  #row = new Int32Array(0);
  #words = new Uint32Array(0);
  /** The vSwitch's counters, and the time of its last packet, ms. */
  #packets = new Float64Array(0);
  #bytes = new Float64Array(0);
  #usedAtMs = new Float64Array(0);
  /** Time of that tick, ms; heartbeats are due relative to it. */
  #beatAtMs = new Float64Array(0);
  #nowMs = 0;

  constructor(backends: readonly MemoryBackend[]) {
    this.#backends = backends;
    const { table } = this;
    this.#sinks = backends.map((backend) => {
      const fast = backend.capabilities().placement === 'fast-path';
      const by = fast ? Placement.fastPath : Placement.offload;
      return {
        carried: (w0, w1, w2, w3, packets, bytes, idleMs) => {
          const atMs = this.#nowMs - Math.max(0, idleMs);
          table.carried(table.find(w0, w1, w2, w3), packets, bytes, atMs, by);
        },
      };
    });
  }

  /** True while the vSwitch has the slot's flow. */
  has(slot: number): boolean {
    return this.#flows[slot] !== undefined;
  }

  /** Row of the slot's flow in the table; -1 before the first reading that found it. */
  rowOf(slot: number): number {
    return this.#row[slot];
  }

  /** Adds a flow to the vSwitch; its counters begin at zero. */
  add(slot: number, flow: FlowSpec): void {
    if (slot >= this.#row.length) this.#grow(slot + 1);
    this.#high = Math.max(this.#high, slot + 1);
    this.#flows[slot] = flow;
    this.#row[slot] = -1;
    this.#packets[slot] = 0;
    this.#bytes[slot] = 0;
    this.#usedAtMs[slot] = Number.NEGATIVE_INFINITY;
    this.#beatAtMs[slot] = Number.NEGATIVE_INFINITY;
    const at = slot * 4;
    this.#words[at] = flow.id.w0;
    this.#words[at + 1] = flow.id.w1;
    this.#words[at + 2] = flow.id.w2;
    this.#words[at + 3] = flow.id.w3;
  }

  /** Changes the match or the actions of a flow in the vSwitch, under the same id. */
  change(slot: number, flow: FlowSpec): void {
    const row = this.#row[slot];
    if (row >= 0) this.#update(row, flow);
    this.#flows[slot] = flow;
  }

  /** Removes a flow from the vSwitch; the next reading does not find it. */
  remove(slot: number): void {
    this.#flows[slot] = undefined;
  }

  /**
   * Sends packets of a flow, and sets `sentPackets` and `sentBytes`.
   *
   * @param lastAtMs time of the last of them, ms, if known more precisely than the tick
   */
  send(slot: number, packets: number, bytes: number, nowMs: number, lastAtMs = nowMs): void {
    const w = this.#words;
    const at = slot * 4;
    let byVswitch = packets;
    let bytesByVswitch = bytes;
    for (const backend of this.#backends) {
      const place = backend.findPlace(w[at], w[at + 1], w[at + 2], w[at + 3]);
      if (place < 0) continue;
      byVswitch = packets > 0 && nowMs - this.#beatAtMs[slot] >= HEARTBEAT_MS ? 1 : 0;
      bytesByVswitch = packets === 0 ? 0 : Math.round((bytes * byVswitch) / packets);
      if (packets > byVswitch) {
        backend.carry(place, packets - byVswitch, bytes - bytesByVswitch, lastAtMs);
      }
      break;
    }
    this.#packets[slot] += byVswitch;
    this.#bytes[slot] += bytesByVswitch;
    if (byVswitch > 0) {
      this.#usedAtMs[slot] = lastAtMs;
      this.#beatAtMs[slot] = nowMs;
    }
    this.sentPackets = byVswitch;
    this.sentBytes = bytesByVswitch;
  }

  /** Reads the vSwitch and the backends' counters, and updates the rates. */
  async read(nowMs: number): Promise<void> {
    const { table } = this;
    this.#nowMs = nowMs;
    table.begin(nowMs);
    for (let slot = 0; slot < this.#high; slot++) {
      const flow = this.#flows[slot];
      if (flow === undefined) continue;
      if (this.#row[slot] < 0) this.#row[slot] = this.#enter(flow);
      const usedAtMs = this.#usedAtMs[slot];
      const idleMs = usedAtMs < 0 ? -1 : nowMs - usedAtMs;
      table.observe(this.#row[slot], this.#packets[slot], this.#bytes[slot], idleMs);
    }
    for (const [i, backend] of this.#backends.entries()) await backend.counters(this.#sinks[i]);
    table.end();
    updateRates(table, SMOOTHING_MS);
  }

  #enter(flow: FlowSpec): number {
    const row = this.table.rowOf(flow.id);
    if (row < 0) return this.table.add(flow.id, flow.match, flow.actions);
    // It was added again under its id before a reading missed it.
    this.#update(row, flow);
    return row;
  }

  #update(row: number, { match, actions }: FlowSpec): void {
    const { table } = this;
    if (table.matchAt(row) !== match) table.setMatch(row, match);
    if (table.actionsAt(row) !== actions) table.setActions(row, actions);
  }

  #grow(slots: number): void {
    const length = Math.max(256, slots, this.#row.length * 2);
    this.#row = copied(this.#row, new Int32Array(length));
    this.#words = copied(this.#words, new Uint32Array(length * 4));
    this.#packets = copied(this.#packets, new Float64Array(length));
    this.#bytes = copied(this.#bytes, new Float64Array(length));
    this.#usedAtMs = copied(this.#usedAtMs, new Float64Array(length));
    this.#beatAtMs = copied(this.#beatAtMs, new Float64Array(length));
    while (this.#flows.length < length) this.#flows.push(undefined);
  }
}
