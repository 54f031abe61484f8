import { type FlowId, formatFlowId } from '../../../engine/model/flow-id.ts';
import type { CounterSink } from '../../../engine/ports/offload-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import type { Entry } from './entry.ts';

/** Traffic of an entry that is gone. */
interface Remainder {
  readonly id: FlowId;
  packets: number;
  bytes: number;
}

/** tc's counters have no reliable time of the last packet. */
const UNKNOWN_IDLE = -1;

/** The entries by flow, and the traffic that has not been reported. */
export class EntryTable {
  readonly #byKey = new Map<string, Entry>();
  readonly #remainders = new Map<string, Remainder>();

  get size(): number {
    return this.#byKey.size;
  }

  all(): IterableIterator<Entry> {
    return this.#byKey.values();
  }

  get(id: FlowId): Entry | undefined {
    return this.#byKey.get(formatFlowId(id));
  }

  /** Adds an entry; traffic of an earlier one of the flow becomes its own. */
  add(entry: Entry): void {
    this.#byKey.set(entry.key, entry);
    entry.device.entries.set(entry.handle, entry);
    const remainder = this.#remainders.get(entry.key);
    if (remainder === undefined) return;
    entry.unreportedPackets += remainder.packets;
    entry.unreportedBytes += remainder.bytes;
    this.#remainders.delete(entry.key);
  }

  /** Removes an entry; its traffic is still reported. */
  remove(entry: Entry): void {
    const { device, key, id } = entry;
    if (this.#byKey.get(key) === entry) this.#byKey.delete(key);
    if (device.entries.get(entry.handle) === entry) device.entries.delete(entry.handle);
    if (device.entries.size === 0) device.emptySinceMs = monotonicMs();
    if (entry.unreportedPackets === 0) return;
    const remainder = this.#remainders.get(key) ?? { id, packets: 0, bytes: 0 };
    remainder.packets += entry.unreportedPackets;
    remainder.bytes += entry.unreportedBytes;
    this.#remainders.set(key, remainder);
  }

  /** Reports the traffic of each flow since the last report. */
  report(sink: CounterSink): void {
    for (const entry of this.#byKey.values()) {
      if (entry.unreportedPackets === 0) continue;
      const { id, unreportedPackets, unreportedBytes } = entry;
      sink.carried(id.w0, id.w1, id.w2, id.w3, unreportedPackets, unreportedBytes, UNKNOWN_IDLE);
      entry.unreportedPackets = 0;
      entry.unreportedBytes = 0;
    }
    for (const { id, packets, bytes } of this.#remainders.values()) {
      sink.carried(id.w0, id.w1, id.w2, id.w3, packets, bytes, UNKNOWN_IDLE);
    }
    this.#remainders.clear();
  }
}
