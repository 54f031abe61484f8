/**
 * A slot's last writer may still be running when its entry is deleted; a slot is read for the
 * last time, and given out again, no earlier than this many ms later.
 */
const DRAIN_MS = 20;

const FREE = 0;
const LIVE = 1;
const DRAINING = 2;

/**
 * Which place of the statistics array belongs to which entry. A place whose entry is gone drains:
 * it is read once more before it is zeroed and given out again, so that nothing is lost and
 * nothing is counted twice.
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

  /** One more than the largest slot in use. */
  get highWater(): number {
    return this.#highWater;
  }

  /** A free slot, or -1. */
  take(): number {
    if (this.#freeCount === 0) return -1;
    const slot = this.#free[--this.#freeCount];
    this.#begin(slot);
    return slot;
  }

  /**
   * Marks slots as in use that an earlier daemon gave out. What they count is new to this one.
   * Call once, before {@link take}.
   */
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

  /** Gives a slot back that is drained, read, and zero in the kernel. */
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
