import type { ErrorMessage } from '../codec/session.ts';
import type { Message } from '../codec/messages.ts';

/** Waits for what comes with its xid, or with one of its xids. */
export interface Waiter {
  /** A message that belongs to it; true when it waits for no more. What it throws ends the session. */
  message(message: Message): boolean;
  /** The switch's error, for the request with this xid; true when it waits for no more. */
  error(error: ErrorMessage): boolean;
  /** The session has ended. */
  ended(error: Error): void;
}

/** Requests under way: single ones by xid, batches by their range of xids. */
export class Pending {
  readonly #single = new Map<number, Waiter>();
  readonly #ranges = new Set<{
    readonly first: number;
    readonly count: number;
    readonly waiter: Waiter;
  }>();

  /** Requests and batches that wait. */
  get size(): number {
    return this.#single.size + this.#ranges.size;
  }

  /** The returned function ends the wait. */
  add(xid: number, waiter: Waiter): () => void {
    this.#single.set(xid, waiter);
    return () => this.#single.delete(xid);
  }

  /** Waits for errors to any of `count` xids from `first` on; the returned function ends it. */
  addRange(first: number, count: number, waiter: Waiter): () => void {
    const range = { first, count, waiter };
    this.#ranges.add(range);
    return () => this.#ranges.delete(range);
  }

  /** Passes a message to the request that waits for it; false when there is no such request. */
  deliver(message: Message): boolean {
    const single = this.#single.get(message.xid);
    if (single !== undefined) {
      const done = message.type === 'error' ? single.error(message) : single.message(message);
      if (done) this.#single.delete(message.xid);
      return true;
    }
    if (message.type !== 'error') return false;
    for (const { first, count, waiter } of this.#ranges) {
      if (message.xid < first || message.xid >= first + count) continue;
      waiter.error(message);
      return true;
    }
    return false;
  }

  /** Rejects every pending request. */
  end(error: Error): void {
    const waiters = [...this.#single.values(), ...[...this.#ranges].map((r) => r.waiter)];
    this.#single.clear();
    this.#ranges.clear();
    for (const waiter of waiters) waiter.ended(error);
  }
}
