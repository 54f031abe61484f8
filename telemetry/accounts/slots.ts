/**
 * Allocates a bounded number of slots by key. Slot 0 belongs to no key; slot 1 is shared by all
 * keys that found the others taken.
 */
export class Slots {
  static readonly NONE = 0;
  static readonly OTHER = 1;
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #maxKeys: number;
  #allocated = 2;

  /** `maxKeys`: keys with a slot each. */
  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  /** Number of slots, including {@link NONE} and {@link OTHER}. */
  get capacity(): number {
    return this.#maxKeys + 2;
  }

  /** Number of slots ever in use; every slot is below it. */
  get highWater(): number {
    return this.#allocated;
  }

  /** Slot of a key, allocated on first use; {@link OTHER} when none is free. */
  slotFor(key: string): number {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot =
      this.#free.pop() ?? (this.#allocated < this.capacity ? this.#allocated++ : Slots.OTHER);
    if (slot !== Slots.OTHER) this.#slots.set(key, slot);
    return slot;
  }

  /** Frees the slots of keys that are not in `keys`, and calls `onFreed` for each. */
  retain(keys: ReadonlySet<string>, onFreed: (slot: number) => void): void {
    for (const [key, slot] of this.#slots) {
      if (keys.has(key)) continue;
      this.#slots.delete(key);
      this.#free.push(slot);
      onFreed(slot);
    }
  }
}
