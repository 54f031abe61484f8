/** Thrown when an algorithm places a flow that the vSwitch does not have: nobody can know it. */
export class UnknownFlowError extends Error {
  override readonly name = 'UnknownFlowError';

  constructor(flow: number) {
    super(`flow ${flow} cannot be placed: the vSwitch has no megaflow for it in this window`);
  }
}

/**
 * The table that algorithms fill. It keeps them to its capacity and to flows that exist, and
 * counts what they do: each flow put in or taken out is one operation.
 */
export class EntryTable {
  readonly capacity: number;
  /** Flows put in and taken out since the start, and flows that were turned away. */
  placed = 0;
  evicted = 0;
  refused = 0;

  readonly #entries: Int32Array;
  /** Where a flow is in `#entries`; -1 when it has no entry. */
  readonly #position: Int32Array;
  /** 1 while the vSwitch has the flow. */
  readonly #known: Uint8Array;
  #size = 0;

  /** @param flows number of flows there can be, numbered from 0 */
  constructor(capacity: number, flows: number) {
    this.capacity = capacity;
    this.#entries = new Int32Array(capacity);
    this.#position = new Int32Array(flows).fill(-1);
    this.#known = new Uint8Array(flows);
  }

  /** Entries in use. */
  get size(): number {
    return this.#size;
  }

  get free(): number {
    return this.capacity - this.#size;
  }

  has(flow: number): boolean {
    return this.#position[flow] >= 0;
  }

  /** The flow of the entry at `index`, from 0 to below `size`. An eviction moves the last entry. */
  at(index: number): number {
    return this.#entries[index];
  }

  /**
   * Puts a flow in; no effect when it is in.
   *
   * @returns false when the table is full (ENOSPC)
   * @throws UnknownFlowError when the vSwitch does not have the flow
   */
  place(flow: number): boolean {
    if (this.#known[flow] === 0) throw new UnknownFlowError(flow);
    if (this.#position[flow] >= 0) return true;
    if (this.#size === this.capacity) {
      this.refused++;
      return false;
    }
    this.#position[flow] = this.#size;
    this.#entries[this.#size++] = flow;
    this.placed++;
    return true;
  }

  /** Takes a flow out; no effect when it is not in. */
  evict(flow: number): void {
    const position = this.#position[flow];
    if (position < 0) return;
    const last = this.#entries[--this.#size];
    this.#entries[position] = last;
    this.#position[last] = position;
    this.#position[flow] = -1;
    this.evicted++;
  }

  /** For the harness: the vSwitch has the flow from now on. */
  appear(flow: number): void {
    this.#known[flow] = 1;
  }

  /** For the harness: the flow idled out, and its entry with it, as the vSwitch sees to. */
  disappear(flow: number): void {
    this.evict(flow);
    this.#known[flow] = 0;
  }
}
