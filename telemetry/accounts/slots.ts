/**
 * Gives out a bounded number of slots by key, and takes them back. Slot 0 is nobody's, slot 1 is
 * shared by all keys that came when the others were taken.
 */
export class Slots {
  static readonly NONE = 0;
  static readonly OTHER = 1;
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #most: number;
  #used = 2;

  /** `most`: keys with a slot of their own. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Slots there can be, {@link NONE} and {@link OTHER} included. */
  get capacity(): number {
    return this.#most + 2;
  }

  /** Slots that were ever in use: an upper bound of every slot's number. */
  get highWater(): number {
    return this.#used;
  }

  /** The slot of a key; {@link OTHER} when there is none left for it. */
  of(key: string): number {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#free.pop() ?? (this.#used < this.capacity ? this.#used++ : Slots.OTHER);
    if (slot !== Slots.OTHER) this.#slots.set(key, slot);
    return slot;
  }

  /** Takes back the slots of keys that are not in `keys`; tells which. */
  keep(keys: ReadonlySet<string>, onFreed: (slot: number) => void): void {
    for (const [key, slot] of this.#slots) {
      if (keys.has(key)) continue;
      this.#slots.delete(key);
      this.#free.push(slot);
      onFreed(slot);
    }
  }
}
