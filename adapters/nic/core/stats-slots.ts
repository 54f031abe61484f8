/**
 * Programs may still write to a slot when its entry is deleted; the last reading of the slot is at
 * least this much later, ms.
 */
const DRAIN_MS = 20;

const FREE = 0;
const LIVE = 1;
const DRAINING = 2;

/**
 * Allocates slots of the statistics array to entries. The slot of a deleted entry drains: it is
 * read once more before it is zeroed and reused, so that nothing is lost or counted twice.
 */
export class StatsSlots {
  readonly size: number;
  /** Packets and bytes at the last reading, by slot. */
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  readonly #state: Uint8Array;
  readonly #drainingSinceMs: Float64Array;
  readonly #free: Int32Array;
  #freeCount = 0;
  #highWater = 0;

  constructor(size: number) {
    this.size = size;
    this.packets = new Float64Array(size);
    this.bytes = new Float64Array(size);
    this.#state = new Uint8Array(size);
    this.#drainingSinceMs = new Float64Array(size);
    this.#free = new Int32Array(size);
    for (let slot = size - 1; slot >= 0; slot--) this.#free[this.#freeCount++] = slot;
  }

  /** The largest slot in use, plus one. */
  get highWater(): number {
    return this.#highWater;
  }

  /** A free slot, or -1. */
  allocate(): number {
    if (this.#freeCount === 0) return -1;
    const slot = this.#free[--this.#freeCount];
    this.#begin(slot);
    return slot;
  }

  /** Marks slots that an earlier daemon allocated as in use. Call once, before {@link allocate}. */
  adopt(slots: Iterable<number>): void {
    for (const slot of slots) this.#begin(slot);
    this.#freeCount = 0;
    for (let slot = this.size - 1; slot >= 0; slot--) {
      if (this.#state[slot] === FREE) this.#free[this.#freeCount++] = slot;
    }
  }

  /** Lets a slot drain. */
  drain(slot: number, nowMs: number): void {
    this.#state[slot] = DRAINING;
    this.#drainingSinceMs[slot] = nowMs;
  }

  /** Lets a draining slot count for its flow again. */
  resume(slot: number): void {
    this.#state[slot] = LIVE;
  }

  inUse(slot: number): boolean {
    return this.#state[slot] !== FREE;
  }

  /** True when a reading at `nowMs` is the slot's last. */
  isDrained(slot: number, nowMs: number): boolean {
    return this.#state[slot] === DRAINING && nowMs - this.#drainingSinceMs[slot] >= DRAIN_MS;
  }

  /** Frees a slot that is drained, read, and zero in the kernel. */
  release(slot: number): void {
    this.#state[slot] = FREE;
    this.#free[this.#freeCount++] = slot;
    while (this.#highWater > 0 && this.#state[this.#highWater - 1] === FREE) this.#highWater--;
  }

  #begin(slot: number): void {
    this.#state[slot] = LIVE;
    this.packets[slot] = 0;
    this.bytes[slot] = 0;
    if (slot >= this.#highWater) this.#highWater = slot + 1;
  }
}
