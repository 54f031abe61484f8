import { copied } from '../../../engine/model/columns.ts';

/** A set of flow numbers that can be iterated without allocation. */
export class FlowSet {
  #flows = new Int32Array(256);
  /** Where a flow is in `#flows`; -1 when it is not in the set. */
  readonly #position: Int32Array;
  #size = 0;

  /** @param flows maximum number of flows, numbered from 0 */
  constructor(flows: number) {
    this.#position = new Int32Array(flows).fill(-1);
  }

  get size(): number {
    return this.#size;
  }

  has(flow: number): boolean {
    return this.#position[flow] >= 0;
  }

  /** The flow at `index`, from 0 to below `size`. Removing a flow moves the last one. */
  at(index: number): number {
    return this.#flows[index];
  }

  /** Adds a flow; false when it was present. */
  add(flow: number): boolean {
    if (this.has(flow)) return false;
    if (this.#size === this.#flows.length) {
      this.#flows = copied(this.#flows, new Int32Array(this.#size * 2));
    }
    this.#position[flow] = this.#size;
    this.#flows[this.#size++] = flow;
    return true;
  }

  /** Removes a flow; false when it was absent. */
  remove(flow: number): boolean {
    const position = this.#position[flow];
    if (position < 0) return false;
    const last = this.#flows[--this.#size];
    this.#flows[position] = last;
    this.#position[last] = position;
    this.#position[flow] = -1;
    return true;
  }
}
