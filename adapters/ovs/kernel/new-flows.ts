import type { FlowId } from '../../../engine/model/flow-id.ts';

/** Flows to remember; further ones wait for the next complete reading. */
const MAX_FLOWS = 256;
/** A flow that has sent nothing for so long waits for the next complete reading, ms. */
const MAX_AGE_MS = 500;

/** A flow that was made of late. */
export interface NewFlow {
  readonly id: FlowId;
  /** When its notification was read, ms of `performance.now`. */
  readonly madeAtMs: number;
}

/** Flows that were made of late, and whose packets have not been counted yet. Bounded in number and time. */
export class NewFlows {
  #flows: NewFlow[] = [];

  add({ w0, w1, w2, w3 }: FlowId, madeAtMs: number): void {
    if (this.#flows.length < MAX_FLOWS) this.#flows.push({ id: { w0, w1, w2, w3 }, madeAtMs });
  }

  /** The flows at `nowMs`, in the order in which they were made. */
  at(nowMs: number): readonly NewFlow[] {
    this.#flows = this.#flows.filter(({ madeAtMs }) => nowMs - madeAtMs < MAX_AGE_MS);
    return this.#flows;
  }

  /** Forgets the flows for which `isDone`. */
  forget(isDone: (id: FlowId) => boolean): void {
    this.#flows = this.#flows.filter(({ id }) => !isDone(id));
  }

  clear(): void {
    this.#flows = [];
  }
}
