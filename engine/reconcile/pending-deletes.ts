import { type FlowId, formatFlowId } from '../model/flow-id.ts';
import type { ChangeCause } from '../model/placement-change.ts';

/** An entry whose removal the backend has not confirmed yet. */
interface PendingDelete {
  readonly id: FlowId;
  readonly cause: ChangeCause;
}

/** Entries that must not stay, until the backend confirms their removal; bounded by its table. */
export class PendingDeletes implements Iterable<PendingDelete> {
  /** By ufid. */
  readonly #all = new Map<string, PendingDelete>();

  get size(): number {
    return this.#all.size;
  }

  add(id: FlowId, cause: ChangeCause): void {
    this.#all.set(formatFlowId(id), { id, cause });
  }

  remove(id: FlowId): void {
    if (this.#all.size > 0) this.#all.delete(formatFlowId(id));
  }

  clear(): void {
    this.#all.clear();
  }

  [Symbol.iterator](): Iterator<PendingDelete> {
    return this.#all.values();
  }
}
