import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { SliceQuota } from '../../engine/model/slice.ts';
import { Ledger } from './ledger.ts';
import { Slots } from './slots.ts';
import { OTHER, type SliceAccount } from './tick-accounts.ts';

/** Traffic and flows by slice. */
export class SliceCounters {
  readonly #slots: Slots;
  readonly #ledger: Ledger;
  readonly #flows: number[][];
  #terms: readonly SliceQuota[] | undefined;
  /** By the value of `decision.slice`. */
  #slotOf = new Uint16Array(1);
  #accounts: readonly SliceAccount[] = [];

  /** `most`: slices that are kept apart. */
  constructor(most: number) {
    this.#slots = new Slots(most);
    this.#ledger = new Ledger(this.#slots.capacity);
    this.#flows = Array.from({ length: this.#slots.capacity }, () => PLACEMENT_NAMES.map(() => 0));
  }

  /** Follows the slices of a tick, and counts its flows anew. */
  begin(terms: readonly SliceQuota[]): void {
    if (terms !== this.#terms) this.#follow(terms);
    for (const flows of this.#flows) flows.fill(0);
  }

  /** Slot of a value of `decision.slice`. */
  slotOf(slice: number): number {
    return this.#slotOf[slice] ?? Slots.NONE;
  }

  count(slot: number, placement: number): void {
    this.#flows[slot][placement]++;
  }

  add(slot: number, path: number, bytes: number, packets: number): void {
    if (slot !== Slots.NONE) this.#ledger.add(slot, path, bytes, packets);
  }

  settle(seconds: number): void {
    this.#ledger.settle(this.#slots.highWater, seconds);
  }

  /** The slices, in their order. */
  get accounts(): readonly SliceAccount[] {
    return this.#accounts;
  }

  #follow(terms: readonly SliceQuota[]): void {
    this.#terms = terms;
    const names = new Set(terms.map((t) => t.name));
    this.#slots.keep(names, (slot) => this.#ledger.clear(slot));
    this.#slotOf = new Uint16Array(terms.length + 1);
    const shown = new Map<number, SliceAccount>();
    terms.forEach((slice, i) => {
      const slot = slice.name === OTHER ? Slots.OTHER : this.#slots.of(slice.name);
      this.#slotOf[i + 1] = slot;
      const [paths, flows] = [this.#ledger.of(slot), this.#flows[slot]];
      const own = slot !== Slots.OTHER;
      const name = own ? slice.name : OTHER;
      shown.set(slot, { name, terms: own ? slice : undefined, paths, flows });
    });
    this.#accounts = [...shown.values()];
  }
}
