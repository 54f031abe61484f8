import type { CounterSink } from '../../../engine/ports/offload-backend.ts';
import type { Libbpf } from './libbpf.ts';
import type { EntryTable } from './entry-table.ts';
import type { StatsSlots } from './stats-slots.ts';
import { STATS_BYTES, STATS_WORD } from './records.ts';

const WORDS = STATS_BYTES / 4;
const { packets: PACKETS, bytes: BYTES, lastNs: LAST_NS } = STATS_WORD;
const BATCH = 8192;

/** Reads the per-CPU counters of all slots and reports their increase. Allocates nothing. */
export class StatsReader {
  readonly #libbpf: Libbpf;
  readonly #fd: number;
  readonly #slots: StatsSlots;
  readonly #entries: EntryTable;
  readonly #cpus: number;
  readonly #keys = new Uint32Array(BATCH);
  readonly #values: Uint32Array;
  readonly #position = new Uint32Array(1);
  readonly #drained: Uint32Array;
  #drainedCount = 0;

  constructor(libbpf: Libbpf, fd: number, slots: StatsSlots, entries: EntryTable) {
    this.#libbpf = libbpf;
    this.#fd = fd;
    this.#slots = slots;
    this.#entries = entries;
    this.#cpus = libbpf.possibleCpus();
    this.#values = new Uint32Array(BATCH * this.#cpus * WORDS);
    this.#drained = new Uint32Array(slots.size);
  }

  /**
   * Reports every slot's increase since the last reading, and frees drained slots.
   *
   * @param nowMs CLOCK_MONOTONIC, ms, as the program reads it
   */
  read(sink: CounterSink, nowMs: number): void {
    this.#drainedCount = 0;
    const end = this.#slots.highWater;
    for (let from = 0; from < end; ) {
      const size = Math.min(BATCH, end - from);
      const read = this.#libbpf.lookupBatch(
        this.#fd,
        from === 0 ? null : this.#position,
        this.#position,
        this.#keys,
        this.#values,
        size,
        'stats',
      );
      const count = read < 0 ? ~read : read;
      for (let i = 0; i < count; i++) this.#gain(sink, this.#keys[i], i, nowMs);
      if (read < 0 || count === 0) break;
      from += count;
    }
    this.#giveBack();
  }

  /** Zeroes every free slot. */
  zeroFree(): void {
    this.#drainedCount = 0;
    for (let slot = 0; slot < this.#slots.size; slot++) {
      if (!this.#slots.inUse(slot)) this.#drained[this.#drainedCount++] = slot;
    }
    this.#zero();
  }

  #gain(sink: CounterSink, slot: number, row: number, nowMs: number): void {
    const slots = this.#slots;
    if (!slots.inUse(slot)) return;
    const values = this.#values;
    const end = (row + 1) * this.#cpus * WORDS;
    let packets = 0;
    let bytes = 0;
    for (let at = end - this.#cpus * WORDS; at < end; at += WORDS) {
      packets += u64At(values, at + PACKETS);
      bytes += u64At(values, at + BYTES);
    }
    const gainedPackets = packets - slots.packets[slot];
    const gainedBytes = bytes - slots.bytes[slot];
    if (gainedPackets > 0) {
      slots.packets[slot] = packets;
      slots.bytes[slot] = bytes;
      const { ids } = this.#entries;
      const at = slot * 4;
      sink.carried(
        ids[at],
        ids[at + 1],
        ids[at + 2],
        ids[at + 3],
        gainedPackets,
        gainedBytes,
        this.#idleMs(end, nowMs),
      );
    }
    if (slots.isDrained(slot, nowMs)) this.#drained[this.#drainedCount++] = slot;
  }

  /**
   * Time since the last packet on any CPU of the slot whose values end at `end`, ms; -1: unknown.
   */
  #idleMs(end: number, nowMs: number): number {
    let lastNs = 0;
    for (let at = end - this.#cpus * WORDS; at < end; at += WORDS) {
      lastNs = Math.max(lastNs, u64At(this.#values, at + LAST_NS));
    }
    // A packet may have come after the clock was read.
    return lastNs === 0 ? -1 : Math.max(0, nowMs - lastNs / 1e6);
  }

  #giveBack(): void {
    this.#zero();
    for (let i = 0; i < this.#drainedCount; i++) {
      this.#entries.forgetGone(this.#drained[i]);
      this.#slots.release(this.#drained[i]);
    }
  }

  #zero(): void {
    if (this.#drainedCount === 0) return;
    this.#values.fill(0);
    for (let from = 0; from < this.#drainedCount; from += BATCH) {
      const size = Math.min(BATCH, this.#drainedCount - from);
      this.#keys.set(this.#drained.subarray(from, from + size));
      this.#libbpf.updateAll(this.#fd, this.#keys, this.#values, size, 'stats');
    }
  }
}

/** The u64 whose lower half is at `at`; past 2^53, which is 104 days in ns, to the nearest double. */
function u64At(words: Uint32Array, at: number): number {
  return words[at] + words[at + 1] * 0x1_0000_0000;
}
