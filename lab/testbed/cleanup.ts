import { errorMessage } from '../../text/error-message.ts';
/** A clean-up step, in two forms. */
export interface Undo {
  /** Name, for messages. */
  readonly name: string;
  /** Asynchronous form; no error when there is nothing to undo. */
  undo(): Promise<void>;
  /** Synchronous form, for a process that is about to exit. */
  undoNow(): void;
}

/** Some clean-up steps failed. */
export class CleanupFailed extends Error {
  override readonly name = 'CleanupFailed';

  constructor(failures: readonly string[]) {
    super(`could not clean up: ${failures.join('; ')}`);
  }
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * A stack of clean-up steps, executed in reverse order. From construction to `run` it also executes
 * them when the process receives SIGINT, SIGTERM or SIGHUP, and when it exits.
 */
export class Cleanup {
  readonly #stack: Undo[] = [];
  #running: Promise<void> | undefined;

  constructor() {
    process.on('exit', this.#onExit);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, this.#onSignal);
    }
  }

  add(undo: Undo): void {
    this.#stack.push(undo);
  }

  /** Removes a step that its owner has executed. */
  remove(undo: Undo): void {
    const at = this.#stack.indexOf(undo);
    if (at !== -1) this.#stack.splice(at, 1);
  }

  /**
   * Executes all steps, the last one first; continues after a failure.
   *
   * @throws {CleanupFailed} with the failed steps
   */
  run(): Promise<void> {
    this.#running ??= this.#undoAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #undoAll(): Promise<void> {
    const failures: string[] = [];
    for (let entry = this.#stack.pop(); entry !== undefined; entry = this.#stack.pop()) {
      try {
        await entry.undo();
      } catch (error) {
        failures.push(`${entry.name}: ${errorMessage(error)}`);
        entry.undoNow();
      }
    }
    process.off('exit', this.#onExit);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.off(signal, this.#onSignal);
    }
    if (failures.length > 0) throw new CleanupFailed(failures);
  }

  readonly #onExit = (): void => {
    for (let entry = this.#stack.pop(); entry !== undefined; entry = this.#stack.pop()) {
      entry.undoNow();
    }
  };

  readonly #onSignal = (signal: keyof typeof SIGNALS): void => {
    this.run()
      .catch((error: unknown) => console.error(error))
      .finally(() => process.exit(SIGNALS[signal]));
  };
}
