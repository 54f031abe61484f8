const NONE = -1;

/** A list of flows from its head to its tail, with constant-time removal. A flow is in it once. */
export class FlowList {
  /** By flow: the one before it, towards the head, and the one after it; NONE at the ends. */
  readonly #before: Int32Array;
  readonly #after: Int32Array;
  readonly #isIn: Uint8Array;
  #head = NONE;
  #tail = NONE;
  #size = 0;

  /** @param flows maximum number of flows, numbered from 0 */
  constructor(flows: number) {
    this.#before = new Int32Array(flows);
    this.#after = new Int32Array(flows);
    this.#isIn = new Uint8Array(flows);
  }

  get size(): number {
    return this.#size;
  }

  /** The last flow, or -1. */
  get tail(): number {
    return this.#tail;
  }

  has(flow: number): boolean {
    return this.#isIn[flow] === 1;
  }

  /** The flow before this one, towards the head, or -1. */
  before(flow: number): number {
    return this.#before[flow];
  }

  /** Adds a flow that is not in the list at its head. */
  addFirst(flow: number): void {
    this.#isIn[flow] = 1;
    this.#before[flow] = NONE;
    this.#after[flow] = this.#head;
    if (this.#head === NONE) this.#tail = flow;
    else this.#before[this.#head] = flow;
    this.#head = flow;
    this.#size++;
  }

  /** Removes a flow; false when it was not in the list. */
  remove(flow: number): boolean {
    if (this.#isIn[flow] === 0) return false;
    this.#isIn[flow] = 0;
    const before = this.#before[flow];
    const after = this.#after[flow];
    if (before === NONE) this.#head = after;
    else this.#after[before] = after;
    if (after === NONE) this.#tail = before;
    else this.#before[after] = before;
    this.#size--;
    return true;
  }

  forEach(visit: (flow: number) => void): void {
    for (let flow = this.#head; flow !== NONE; flow = this.#after[flow]) visit(flow);
  }
}
