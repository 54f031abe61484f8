import type { TableInfo } from '../../../../protocols/ethtool/receive-filters.ts';

/**
 * Chooses places in tables whose device does not choose them: the lowest one that no filter has.
 */
export class FilterLocations {
  readonly #places: number;
  readonly #used: Set<number>;
  /** No place below it is free. */
  #lowest = 0;

  /** @param used places that filters have, those of other programs included */
  constructor({ places }: Pick<TableInfo, 'places'>, used: Iterable<number>) {
    this.#places = places;
    this.#used = new Set(used);
  }

  /** Takes the lowest free place; undefined if all are taken. */
  take(): number | undefined {
    while (this.#used.has(this.#lowest)) this.#lowest++;
    if (this.#lowest >= this.#places) return undefined;
    this.#used.add(this.#lowest);
    return this.#lowest;
  }

  free(location: number): void {
    if (!this.#used.delete(location)) return;
    this.#lowest = Math.min(this.#lowest, location);
  }
}
