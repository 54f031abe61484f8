/** The numbers of a reading. */
export interface MeterSums {
  /** Connections added since the maps were created, before the reading. */
  readonly added: number;
  /** Connections that the reading found and left. */
  readonly present: number;
  /** Connections that the reading deleted. */
  readonly deleted: number;
}

/**
 * The number of connections that the kernel has dropped from the map for lack of room, which it does
 * not report: those that were added and are neither there nor deleted.
 */
export class Forgotten {
  /** Connections that an earlier daemon has lost or deleted; undefined: not known yet. */
  #gone: number | undefined;
  #deleted = 0;
  #forgotten = 0;

  /** @param isAdopted whether connections may have been added and dropped before */
  constructor(isAdopted: boolean) {
    this.#gone = isAdopted ? undefined : 0;
  }

  /** The number after a reading. Connections that were added during it are counted at the next. */
  after({ added, present, deleted }: MeterSums): number {
    this.#deleted += deleted;
    const missing = added - present - this.#deleted;
    this.#gone ??= missing;
    this.#forgotten = Math.max(this.#forgotten, missing - this.#gone);
    return this.#forgotten;
  }
}
