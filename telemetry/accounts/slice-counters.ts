import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { SliceQuota } from '../../engine/model/slice.ts';
import { Ledger } from './ledger.ts';
import { Slots } from './slots.ts';
import { OTHER, type SliceAccount } from './tick-accounts.ts';

/** Sums of traffic and flows by slice. */
export class SliceCounters {
  readonly #slots: Slots;
  readonly #ledger: Ledger;
  readonly #flows: number[][];
  #quotas: readonly SliceQuota[] | undefined;
  /** By the value of `decision.slice`. */
  #slotOf = new Uint16Array(1);
  #accounts: readonly SliceAccount[] = [];

  /** `maxNamed`: slices with an account each. */
  constructor(maxNamed: number) {
    this.#slots = new Slots(maxNamed);
    this.#ledger = new Ledger(this.#slots.capacity);
    this.#flows = Array.from({ length: this.#slots.capacity }, () => PLACEMENT_NAMES.map(() => 0));
  }

  /** Starts a tick: takes over its slices and sets the counts of flows to zero. */
  followSlices(quotas: readonly SliceQuota[]): void {
    if (quotas !== this.#quotas) this.#replaceSlices(quotas);
    for (const flows of this.#flows) flows.fill(0);
  }

  /** Slot of a value of `decision.slice`. */
  slotOf(slice: number): number {
    return this.#slotOf[slice] ?? Slots.NONE;
  }

  countSliceFlow(slot: number, placement: number): void {
    this.#flows[slot][placement]++;
  }

  addSliceTraffic(slot: number, path: number, bytes: number, packets: number): void {
    if (slot !== Slots.NONE) this.#ledger.addTraffic(slot, path, bytes, packets);
  }

  publishTraffic(seconds: number): void {
    this.#ledger.publish(this.#slots.highWater, seconds);
  }

  /** Accounts in the order of the slices. */
  get accounts(): readonly SliceAccount[] {
    return this.#accounts;
  }

  #replaceSlices(quotas: readonly SliceQuota[]): void {
    this.#quotas = quotas;
    const names = new Set(quotas.map((t) => t.name));
    this.#slots.retain(names, (slot) => this.#ledger.resetSlot(slot));
    this.#slotOf = new Uint16Array(quotas.length + 1);
    const shown = new Map<number, SliceAccount>();
    quotas.forEach((slice, i) => {
      const slot = slice.name === OTHER ? Slots.OTHER : this.#slots.slotFor(slice.name);
      this.#slotOf[i + 1] = slot;
      const [paths, flows] = [this.#ledger.usesOf(slot), this.#flows[slot]];
      const own = slot !== Slots.OTHER;
      const name = own ? slice.name : OTHER;
      shown.set(slot, { name, quota: own ? slice : undefined, paths, flows });
    });
    this.#accounts = [...shown.values()];
  }
}
