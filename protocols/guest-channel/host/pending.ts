import { ChannelViolation } from '../codec/errors.ts';
import type { HostRequest, ReplyResult } from '../codec/messages.ts';

/** Requests of a session that wait for replies. */
const MAX_PENDING = 64;

interface Waiting {
  readonly id: number;
  readonly type: HostRequest['type'];
  readonly timer: NodeJS.Timeout;
  readonly resolve: (result: ReplyResult) => void;
  readonly reject: (error: Error) => void;
}

/** The requests that wait for replies, which come in the order of the requests. */
export class PendingRequests {
  readonly #waiting: Waiting[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  get isFull(): boolean {
    return this.#waiting.length >= MAX_PENDING;
  }

  /** @param late called when the reply is not there in time */
  wait(
    id: number,
    type: HostRequest['type'],
    timeoutMs: number,
    late: () => void,
  ): Promise<ReplyResult> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(late, timeoutMs);
      this.#waiting.push({ id, type, timer, resolve, reject });
    });
  }

  /** @throws {ChannelViolation} the first request that waits is another one */
  reply(id: number, result: ReplyResult): void {
    const [first] = this.#waiting;
    if (first?.id !== id) {
      const expected = first === undefined ? 'no reply' : `a reply to request ${first.id}`;
      throw new ChannelViolation(`reply ${id}`, expected);
    }
    this.#waiting.shift();
    clearTimeout(first.timer);
    first.resolve(result);
  }

  /** Rejects all of them. */
  end(error: Error): void {
    for (const { timer, reject } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}
