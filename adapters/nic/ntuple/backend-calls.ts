import { SerialQueue } from '../../../async/serial-queue.ts';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { BackendNotStarted } from '../core/errors.ts';

/** The calls of a backend: one at a time, while it is open; and the entries that ended by themselves. */
export class BackendCalls {
  readonly #name: string;
  readonly #log: (line: string) => void;
  readonly #serial = new SerialQueue();
  readonly #lost: FlowId[] = [];
  readonly #listeners = new Set<() => void>();
  #isOpen = false;

  /** @param name of the backend, for errors */
  constructor(name: string, log: (line: string) => void) {
    this.#name = name;
    this.#log = log;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  open(): void {
    this.#isOpen = true;
  }

  /** Runs the last task; later calls reject. */
  close(task: () => Promise<void>): Promise<void> {
    this.#isOpen = false;
    return this.#serial.run(task);
  }

  /** Runs a task after the earlier ones. @throws {BackendNotStarted} while it is not open */
  run<T>(call: string, task: () => Promise<T>): Promise<T> {
    return this.#serial.run(() => {
      if (!this.#isOpen) throw new BackendNotStarted(`${this.#name} (${call})`);
      return task();
    });
  }

  /**
   * Runs a task that nobody waits for. A failure is logged.
   *
   * @param what it does, for the log: `the end of the lease`
   */
  runUnasked(what: string, task: () => Promise<void>): void {
    this.#serial.run(task).catch((error: unknown) => {
      this.#log(`${this.#name}: ${what}: ${errorMessage(error)}`);
    });
  }

  /** Notes entries that have ended by themselves, and tells the listeners. */
  lose(ids: readonly FlowId[]): void {
    if (ids.length === 0) return;
    this.#lost.push(...ids);
    for (const listener of this.#listeners) listener();
  }

  /** Ids of the entries that have ended by themselves since the last call. */
  takeLost(): readonly FlowId[] {
    return this.#lost.splice(0);
  }

  /** The returned function unsubscribes. */
  onLost(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
