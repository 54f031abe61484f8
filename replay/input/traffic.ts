import { grown } from '../../engine/model/columns.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import { FlowIndex } from '../../engine/model/flow-index.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import { TooManyFlows } from './trace-error.ts';

/** Flows at a time; a vSwitch has fewer (OVS: 200,000 megaflows by default). */
const MAX_FLOWS = 2 ** 21;

/**
 * What the flows of a trace do in one tick, and which flows there are: written by the reader of a
 * trace, then looked at by each of the runs that replay it.
 *
 * Flows are known by slots. A slot that a flow has left is used again only after the tick, so that
 * within one it means one flow.
 */
export class Traffic {
  /** Slots of flows that came, and of flows whose match or actions changed, in this tick. */
  readonly born: number[] = [];
  readonly changed: number[] = [];
  /** Slots of flows that left in this tick; what they sent in it counts. */
  readonly gone: number[] = [];
  /** Slots with traffic in this tick, `sent[0 .. sentCount)`, and how much they have. */
  sent = new Int32Array(0);
  sentCount = 0;
  packets = new Float64Array(0);
  bytes = new Float64Array(0);
  /** Flows there are, since the start and at most at a time. */
  live = 0;
  everBorn = 0;
  peak = 0;
  /** Over the whole trace so far. */
  totalPackets = 0;
  totalBytes = 0;

  #high = 0;
  readonly #free: number[] = [];
  #words = new Uint32Array(0);
  readonly #index = new FlowIndex(this.#words);
  readonly #flows: (FlowSpec | undefined)[] = [];
  #lastAtMs = new Float64Array(0);
  /** 1 while the slot is in `sent`. */
  #listed = new Uint8Array(0);

  /** Slot of a flow that is there, or -1. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    return this.#index.find(w0, w1, w2, w3);
  }

  /** Slot of a flow that is there, or -1. */
  slotOf({ w0, w1, w2, w3 }: FlowId): number {
    return this.#index.find(w0, w1, w2, w3);
  }

  /** The slot's flow, also in the tick in which it left. @throws {RangeError} for a free slot */
  flowAt(slot: number): FlowSpec {
    const flow = this.#flows[slot];
    if (flow === undefined) throw new RangeError(`slot ${slot} has no flow`);
    return flow;
  }

  /** When the slot's flow last had a packet, ms of the trace; -Infinity: it has had none. */
  lastAtMs(slot: number): number {
    return this.#lastAtMs[slot];
  }

  /**
   * A flow that `find` did not find comes.
   *
   * @throws {TooManyFlows}
   */
  add(flow: FlowSpec): number {
    if (this.live >= MAX_FLOWS) {
      throw new TooManyFlows(`there are more than ${MAX_FLOWS} flows at a time in this trace`);
    }
    const slot = this.#free.pop() ?? this.#high++;
    if (slot >= this.#listed.length) this.#grow();
    this.#words.set([flow.id.w0, flow.id.w1, flow.id.w2, flow.id.w3], slot * 4);
    this.#index.insert(slot);
    this.#flows[slot] = flow;
    this.#lastAtMs[slot] = Number.NEGATIVE_INFINITY;
    this.born.push(slot);
    this.everBorn++;
    this.live++;
    this.peak = Math.max(this.peak, this.live);
    return slot;
  }

  /** A flow now matches or does something else. */
  change(slot: number, flow: FlowSpec): void {
    this.#flows[slot] = flow;
    this.changed.push(slot);
  }

  /** A flow sends packets; `atMs`: time of the last of them, ms of the trace. */
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

  /** A flow leaves the vSwitch. */
  remove(slot: number): void {
    this.#index.remove(slot);
    this.gone.push(slot);
    this.live--;
  }

  /** Lets every flow go that has had no packet since `sinceMs`, ms of the trace. */
  expire(sinceMs: number): void {
    for (let slot = 0; slot < this.#high; slot++) {
      if (this.#flows[slot] === undefined || this.#lastAtMs[slot] > sinceMs) continue;
      // One that has left in this tick already is in the list, but no longer in the index.
      if (this.#isHere(slot)) this.remove(slot);
    }
  }

  /** Ends the tick: forgets what happened in it, and the flows that have left. */
  clear(): void {
    for (let i = 0; i < this.sentCount; i++) {
      const slot = this.sent[i];
      this.#listed[slot] = 0;
      this.packets[slot] = 0;
      this.bytes[slot] = 0;
    }
    this.sentCount = 0;
    for (const slot of this.gone) {
      this.#flows[slot] = undefined;
      this.#free.push(slot);
    }
    this.born.length = 0;
    this.changed.length = 0;
    this.gone.length = 0;
  }

  #isHere(slot: number): boolean {
    const [w0, w1, w2, w3] = this.#words.subarray(slot * 4, slot * 4 + 4);
    return this.#index.find(w0, w1, w2, w3) === slot;
  }

  #grow(): void {
    const slots = Math.max(256, this.#listed.length * 2);
    this.#words = grown(this.#words, new Uint32Array(slots * 4));
    this.#index.rebase(this.#words);
    this.sent = grown(this.sent, new Int32Array(slots));
    this.packets = grown(this.packets, new Float64Array(slots));
    this.bytes = grown(this.bytes, new Float64Array(slots));
    this.#lastAtMs = grown(this.#lastAtMs, new Float64Array(slots));
    this.#listed = grown(this.#listed, new Uint8Array(slots));
  }
}
