import type { RefusalCode } from '../../../engine/model/refusal.ts';
import { FlowSet } from './flow-set.ts';
import { type Hardware, IDEAL } from './hardware.ts';
import { Slots } from './layout.ts';

/** An algorithm placed a flow that the vSwitch does not have. */
export class UnknownFlowError extends Error {
  override readonly name = 'UnknownFlowError';

  constructor(flow: number) {
    super(`flow ${flow} cannot be placed: the vSwitch has no megaflow for it in this window`);
  }
}

/** What became of a flow that was offered to a table. */
export type Offered = 'placed' | 'present' | RefusalCode;

/**
 * The table that algorithms fill. It enforces its capacity and the existence of flows, and counts
 * operations: each added or evicted flow is one.
 */
export class EntryTable {
  readonly capacity: number;
  /** Entries in use by others; an entry that the algorithm has is not taken away for them. */
  foreign = 0;
  /** True if the device still works on operations of earlier windows. */
  isBusy = false;
  /** Flows added and evicted since the start, and flows refused. */
  placed = 0;
  evicted = 0;
  refused = 0;

  readonly #entries: FlowSet;
  readonly #known: FlowSet;
  readonly #slots: Slots;
  readonly #msPerOperation: number;
  /** Time up to which the device is busy, ms. */
  #busyUntilMs = 0;
  /** By flow: when its entry takes effect, ms. */
  readonly #fromMs: Float64Array;

  /** @param flows maximum number of flows, numbered from 0 */
  constructor(
    capacity: number,
    flows: number,
    { layout = { kind: 'any' }, operationsPerSecond }: Hardware = IDEAL,
  ) {
    this.capacity = capacity;
    this.#slots = new Slots(layout, capacity, flows);
    this.#msPerOperation = operationsPerSecond === undefined ? 0 : 1000 / operationsPerSecond;
    this.#fromMs = new Float64Array(flows);
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
    return Math.max(0, this.capacity - this.foreign - this.#entries.size);
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
   * @returns false when no entry can hold it
   * @throws UnknownFlowError when the vSwitch does not have the flow
   */
  place(flow: number): boolean {
    const offered = this.offer(flow);
    return offered === 'placed' || offered === 'present';
  }

  /** As {@link place}, with the refusal of the hardware. */
  offer(flow: number): Offered {
    if (!this.#known.has(flow)) throw new UnknownFlowError(flow);
    if (this.#entries.has(flow)) return 'present';
    this.#busyUntilMs += this.#msPerOperation;
    const refusal = this.free === 0 ? 'table-full' : this.#slots.refusal;
    if (this.free === 0 || !this.#slots.take(flow)) {
      this.refused++;
      return refusal;
    }
    this.#entries.add(flow);
    this.#fromMs[flow] = this.#busyUntilMs;
    this.placed++;
    return 'placed';
  }

  /** Evicts a flow; no effect when it has no entry. */
  evict(flow: number): void {
    if (!this.#entries.remove(flow)) return;
    this.#busyUntilMs += this.#msPerOperation;
    this.#slots.release(flow);
    this.evicted++;
  }

  /** For the harness: operations from now on begin at this time, ms, or when the device is free. */
  proceedTo(nowMs: number): void {
    this.isBusy = this.#busyUntilMs > nowMs;
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs);
  }

  /** For the harness: the part of a window in which the flow's entry is in effect, 0 to 1. */
  partInEffect(flow: number, startMs: number, endMs: number): number {
    if (!this.#entries.has(flow)) return 0;
    const fromMs = this.#fromMs[flow];
    return fromMs <= startMs ? 1 : Math.max(0, (endMs - fromMs) / (endMs - startMs));
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
