import type { ErrorMessage } from '../codec/session.ts';
import type { Message } from '../codec/messages.ts';

/** Waits for messages with its xid, or one of its xids. */
export interface Waiter {
  /**
   * Called with its messages; returns true when it expects no more. An exception ends the session.
   */
  message(message: Message): boolean;
  /**
   * Called with the switch's error for the request with this xid; returns true when it expects no
   * more.
   */
  error(error: ErrorMessage): boolean;
  /** Called when the session ends. */
  ended(error: Error): void;
}

/** Pending requests: single ones by xid, batches by their range of xids. */
export class Pending {
  readonly #single = new Map<number, Waiter>();
  readonly #ranges = new Set<{
    readonly first: number;
    readonly count: number;
    readonly waiter: Waiter;
  }>();

  /** Number of pending requests and batches. */
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

  /** Passes a message to its pending request; false when no request waits for it. */
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
