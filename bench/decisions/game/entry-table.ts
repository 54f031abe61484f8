import { FlowSet } from './flow-set.ts';

/** An algorithm placed a flow that the vSwitch does not have. */
export class UnknownFlowError extends Error {
  override readonly name = 'UnknownFlowError';

  constructor(flow: number) {
    super(`flow ${flow} cannot be placed: the vSwitch has no megaflow for it in this window`);
  }
}

/**
 * The table that algorithms fill. It enforces its capacity and the existence of flows, and counts
 * operations: each added or evicted flow is one.
 */
export class EntryTable {
  readonly capacity: number;
  /** Flows added and evicted since the start, and flows refused. */
  placed = 0;
  evicted = 0;
  refused = 0;

  readonly #entries: FlowSet;
  readonly #known: FlowSet;

  /** @param flows maximum number of flows, numbered from 0 */
  constructor(capacity: number, flows: number) {
    this.capacity = capacity;
    this.#entries = new FlowSet(flows);
    this.#known = new FlowSet(flows);
  }

  /** All flows of the vSwitch, including those with an entry. */
  get known(): Pick<FlowSet, 'size' | 'has' | 'at'> {
    return this.#known;
  }

  /** Entries in use. */
  get size(): number {
    return this.#entries.size;
  }

  get free(): number {
    return this.capacity - this.#entries.size;
  }

  has(flow: number): boolean {
    return this.#entries.has(flow);
  }

  /**
   * The flow of the entry at `index`, from 0 to below `size`. An eviction moves the last entry into
   * the gap: iterate from the end when evicting.
   */
  at(index: number): number {
    return this.#entries.at(index);
  }

  /**
   * Adds a flow; no effect when it has an entry.
   *
   * @returns false when the table is full (ENOSPC)
   * @throws UnknownFlowError when the vSwitch does not have the flow
   */
  place(flow: number): boolean {
    if (!this.#known.has(flow)) throw new UnknownFlowError(flow);
    if (this.#entries.has(flow)) return true;
    if (this.free === 0) {
      this.refused++;
      return false;
    }
    this.#entries.add(flow);
    this.placed++;
    return true;
  }

  /** Evicts a flow; no effect when it has no entry. */
  evict(flow: number): void {
    if (this.#entries.remove(flow)) this.evicted++;
  }

  /** For the harness: the vSwitch has the flow from now on. */
  appear(flow: number): void {
    this.#known.add(flow);
  }

  /** For the harness: the flow idled out, and the vSwitch removes its entry. */
  disappear(flow: number): void {
    this.evict(flow);
    this.#known.remove(flow);
  }
}
