import type { SliceQuota } from '../../engine/model/slice.ts';

/** Totals of one slice. */
export interface SliceSum {
  /** Undefined for flows of no slice. */
  readonly name: string | undefined;
  bytes: number;
  packets: number;
  carriedBytes: number;
  carriedPackets: number;
  /** Entries times their time in the table, entry milliseconds. */
  entryMs: number;
  maxEntries: number;
  /** Entries in the current tick. */
  entries: number;
}

/**
 * Totals by slice. Values of `decision.slice` can change their meaning from tick to tick; here each
 * name keeps its index.
 */
export class SliceTotals {
  readonly all: SliceSum[] = [sumsOf(undefined)];
  readonly #indexes = new Map<string, number>();
  #quotas: readonly SliceQuota[] = [];
  /** Index in `all` by value of `decision.slice`. */
  #indexOf = new Uint32Array(1);

  /** Maps values of `decision.slice` of this tick. */
  mapSlices(quotas: readonly SliceQuota[]): void {
    if (quotas === this.#quotas) return;
    this.#quotas = quotas;
    this.#indexOf = Uint32Array.from([0, ...quotas.map((t) => this.#add(t.name))]);
  }

  /** Index in `all` of a value of `decision.slice`. */
  indexOf(slice: number): number {
    return this.#indexOf[slice] ?? 0;
  }

  #add(name: string): number {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    this.#indexes.set(name, this.all.length);
    return this.all.push(sumsOf(name)) - 1;
  }
}

function sumsOf(name: string | undefined): SliceSum {
  return {
    name,
    bytes: 0,
    packets: 0,
    carriedBytes: 0,
    carriedPackets: 0,
    entryMs: 0,
    maxEntries: 0,
    entries: 0,
  };
}
