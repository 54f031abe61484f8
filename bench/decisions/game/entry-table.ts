import { FlowSet } from './flow-set.ts';

/** Thrown when an algorithm places a flow that the vSwitch does not have: it cannot know it. */
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

  readonly #entries: FlowSet;
  readonly #known: FlowSet;

  /** @param flows number of flows there can be, numbered from 0 */
  constructor(capacity: number, flows: number) {
    this.capacity = capacity;
    this.#entries = new FlowSet(flows);
    this.#known = new FlowSet(flows);
  }

  /** Every flow that the vSwitch has, those with an entry included. */
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
   * The flow of the entry at `index`, from 0 to below `size`. An eviction moves the last entry
   * into the gap: who evicts while going through goes from the end.
   */
  at(index: number): number {
    return this.#entries.at(index);
  }

  /**
   * Puts a flow in; no effect when it is in.
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

  /** Takes a flow out; no effect when it is not in. */
  evict(flow: number): void {
    if (this.#entries.remove(flow)) this.evicted++;
  }

  /** For the harness: the vSwitch has the flow from now on. */
  appear(flow: number): void {
    this.#known.add(flow);
  }

  /** For the harness: the flow idled out, and its entry with it, as the vSwitch sees to. */
  disappear(flow: number): void {
    this.evict(flow);
    this.#known.remove(flow);
  }
}
