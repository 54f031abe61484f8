import type { SliceQuota } from '../../engine/model/slice.ts';

/** Sums of one slice. */
export interface SliceSums {
  /** Undefined: flows of no slice. */
  readonly name: string | undefined;
  bytes: number;
  packets: number;
  carriedBytes: number;
  carriedPackets: number;
  /** Entries times the time they were there, entry milliseconds. */
  entryMs: number;
  mostEntries: number;
  /** Entries in the tick that is summed up. */
  entries: number;
}

/**
 * Sums by slice. `decision.slice` counts the slices of one evaluation; here each name has a place
 * of its own for good.
 */
export class SlicesSums {
  readonly all: SliceSums[] = [sumsOf(undefined)];
  readonly #places = new Map<string, number>();
  #terms: readonly SliceQuota[] = [];
  /** Place by the value of `decision.slice`. */
  #placeOf = new Uint32Array(1);

  /** Follows the slices of a tick. */
  follow(terms: readonly SliceQuota[]): void {
    if (terms === this.#terms) return;
    this.#terms = terms;
    this.#placeOf = Uint32Array.from([0, ...terms.map((t) => this.#place(t.name))]);
  }

  /** Place, in `all`, of a value of `decision.slice`. */
  placeOf(slice: number): number {
    return this.#placeOf[slice] ?? 0;
  }

  #place(name: string): number {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    this.#places.set(name, this.all.length);
    return this.all.push(sumsOf(name)) - 1;
  }
}

function sumsOf(name: string | undefined): SliceSums {
  return {
    name,
    bytes: 0,
    packets: 0,
    carriedBytes: 0,
    carriedPackets: 0,
    entryMs: 0,
    mostEntries: 0,
    entries: 0,
  };
}
