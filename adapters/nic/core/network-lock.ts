import { bounded } from '../../../async/bounded.ts';
import { SerialQueue } from '../../../async/serial-queue.ts';
import { NetworkLockBusy } from './errors.ts';

/** Longest wait, ms: a tick that waits so long does not let a lease of 3 s lapse. */
const MAX_WAIT_MS = 1_000;

/**
 * Calls that wait for the kernel's network lock (rtnl), which other programs can hold for seconds.
 * The calls run in a thread of libuv's pool, one at a time: all of them wait for the same lock, and
 * the pool has four threads for everything.
 *
 * A waiting call cannot be interrupted. When one exceeds the bound, its caller gets {@link
 * NetworkLockBusy}; the call still takes effect when the lock is free, and until then every other
 * call fails at once. A call that had not begun at its bound is never made. So the calls take effect
 * in their order.
 */
export class NetworkLock {
  /** Longest wait of a call, ms. */
  readonly maxWaitMs: number;
  readonly #serial = new SerialQueue();
  /** The call that exceeded the bound and has not ended. */
  #overdue: string | undefined;
  /** A call failed since the listener was last called. */
  #failed = false;
  #listener: (() => void) | undefined;

  /** @param maxWaitMs longest wait of a call, ms */
  constructor(maxWaitMs = MAX_WAIT_MS) {
    this.maxWaitMs = maxWaitMs;
  }

  /** Calls `listener` when calls can succeed again after one has failed. */
  onFree(listener: () => void): void {
    this.#listener = listener;
  }

  /**
   * Makes a call, and settles like it.
   *
   * @param what the call does, for the error
   * @param call must not wait on the event loop's thread
   * @throws {NetworkLockBusy}
   */
  async run<T>(what: string, call: () => Promise<T>): Promise<T> {
    if (this.#overdue !== undefined) throw this.#busy(this.#overdue);
    let isRunning = false;
    const late = (): Error => {
      if (isRunning) this.#overdue = what;
      return this.#busy(what);
    };
    const bounds = { until: [], timeoutMs: this.maxWaitMs, late, abandon: true };
    return bounded(bounds, (signal) =>
      this.#serial.run(async () => {
        try {
          signal.throwIfAborted();
          isRunning = true;
          return await call();
        } finally {
          isRunning = false;
          this.#ended(signal.aborted);
        }
      }),
    );
  }

  #busy(waiting: string): NetworkLockBusy {
    this.#failed = true;
    return new NetworkLockBusy(waiting, this.maxWaitMs);
  }

  #ended(wasLate: boolean): void {
    if (wasLate) this.#overdue = undefined;
    if (!this.#failed) return;
    this.#failed = false;
    this.#listener?.();
  }
}
