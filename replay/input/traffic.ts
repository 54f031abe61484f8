import { copied } from '../../engine/model/columns.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import { FlowIndex } from '../../engine/model/flow-index.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import { TooManyFlows } from './trace-error.ts';

/** Maximum of concurrent flows; a vSwitch has fewer (OVS: 200,000 megaflows by default). */
const MAX_FLOWS = 2 ** 21;

/**
 * The flows of a trace and what they do in one tick. The trace's reader writes it, then each run
 * reads it.
 *
 * Each flow has a slot. The slot of a removed flow is reused only after the tick, so that within a
 * tick a slot identifies one flow.
 */
export class Traffic {
  /** Slots of flows added in this tick, and of flows whose match or actions changed in it. */
  readonly added: number[] = [];
  readonly changed: number[] = [];
  /** Slots of flows removed in this tick; what they sent in it counts. */
  readonly removed: number[] = [];
  /** Slots with traffic in this tick, `sent[0 .. sentCount)`; packets and bytes by slot. */
  sent = new Int32Array(0);
  sentCount = 0;
  packets = new Float64Array(0);
  bytes = new Float64Array(0);
  /** Number of flows: now, since the start, and the maximum at a time. */
  live = 0;
  totalFlows = 0;
  peakFlows = 0;
  /** Over the whole trace so far. */
  totalPackets = 0;
  totalBytes = 0;

  #slotCount = 0;
  readonly #free: number[] = [];
  #words = new Uint32Array(0);
  readonly #index = new FlowIndex(this.#words);
  readonly #flows: (FlowSpec | undefined)[] = [];
  #lastAtMs = new Float64Array(0);
  /** 1 while the slot is in `sent`. */
  #listed = new Uint8Array(0);

  /** Slot of a live flow, or -1. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    return this.#index.find(w0, w1, w2, w3);
  }

  /** Slot of a live flow, or -1. */
  slotOf({ w0, w1, w2, w3 }: FlowId): number {
    return this.#index.find(w0, w1, w2, w3);
  }

  /** The slot's flow, including one removed in this tick. @throws {RangeError} for a free slot */
  flowAt(slot: number): FlowSpec {
    const flow = this.#flows[slot];
    if (flow === undefined) throw new RangeError(`slot ${slot} has no flow`);
    return flow;
  }

  /** Time of the last packet of the slot's flow, ms of the trace; -Infinity before the first. */
  lastAtMs(slot: number): number {
    return this.#lastAtMs[slot];
  }

  /**
   * Adds a flow that `find` did not find.
   *
   * @throws {TooManyFlows}
   */
  add(flow: FlowSpec): number {
    if (this.live >= MAX_FLOWS) {
      throw new TooManyFlows(`the trace has more than ${MAX_FLOWS} flows at a time`);
    }
    const slot = this.#free.pop() ?? this.#slotCount++;
    if (slot >= this.#listed.length) this.#grow();
    this.#words.set([flow.id.w0, flow.id.w1, flow.id.w2, flow.id.w3], slot * 4);
    this.#index.insert(slot);
    this.#flows[slot] = flow;
    this.#lastAtMs[slot] = Number.NEGATIVE_INFINITY;
    this.added.push(slot);
    this.totalFlows++;
    this.live++;
    this.peakFlows = Math.max(this.peakFlows, this.live);
    return slot;
  }

  /** Replaces a flow's match and actions. */
  change(slot: number, flow: FlowSpec): void {
    this.#flows[slot] = flow;
    this.changed.push(slot);
  }

  /** Adds packets of a flow; `atMs`: time of the last packet, ms of the trace. */
  send(slot: number, packets: number, bytes: number, atMs: number): void {
    if (this.#listed[slot] === 0) {
      this.#listed[slot] = 1;
      this.sent[this.sentCount++] = slot;
    }
    this.packets[slot] += packets;
    this.bytes[slot] += bytes;
    this.totalPackets += packets;
    this.totalBytes += bytes;
    if (atMs > this.#lastAtMs[slot]) this.#lastAtMs[slot] = atMs;
  }

  /** Removes a flow. */
  remove(slot: number): void {
    this.#index.remove(slot);
    this.removed.push(slot);
    this.live--;
  }

  /** Removes every flow without a packet since `sinceMs`, ms of the trace. */
  expire(sinceMs: number): void {
    for (let slot = 0; slot < this.#slotCount; slot++) {
      if (this.#flows[slot] === undefined || this.#lastAtMs[slot] > sinceMs) continue;
      // A flow removed earlier in this tick still has its slot, but is no longer in the index.
      if (this.#isLive(slot)) this.remove(slot);
    }
  }

  /** Ends the tick: clears its traffic and frees the slots of removed flows. */
  endTick(): void {
    for (let i = 0; i < this.sentCount; i++) {
      const slot = this.sent[i];
      this.#listed[slot] = 0;
      this.packets[slot] = 0;
      this.bytes[slot] = 0;
    }
    this.sentCount = 0;
    for (const slot of this.removed) {
      this.#flows[slot] = undefined;
      this.#free.push(slot);
    }
    this.added.length = 0;
    this.changed.length = 0;
    this.removed.length = 0;
  }

  #isLive(slot: number): boolean {
    const [w0, w1, w2, w3] = this.#words.subarray(slot * 4, slot * 4 + 4);
    return this.#index.find(w0, w1, w2, w3) === slot;
  }

  #grow(): void {
    const slots = Math.max(256, this.#listed.length * 2);
    this.#words = copied(this.#words, new Uint32Array(slots * 4));
    this.#index.rebase(this.#words);
    this.sent = copied(this.sent, new Int32Array(slots));
    this.packets = copied(this.packets, new Float64Array(slots));
    this.bytes = copied(this.bytes, new Float64Array(slots));
    this.#lastAtMs = copied(this.#lastAtMs, new Float64Array(slots));
    this.#listed = copied(this.#listed, new Uint8Array(slots));
  }
}
