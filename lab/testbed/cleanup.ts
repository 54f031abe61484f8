import { errorMessage } from '../../text/error-message.ts';
/** Something that must be undone, in two ways. */
export interface Undo {
  /** What it is, for messages. */
  readonly name: string;
  /** Undoes it with time to wait; undoing what is gone already is no error. */
  undo(): Promise<void>;
  /** The same without waiting, for a process that is about to end. */
  undoNow(): void;
}

/** Some of what had to be undone could not be. */
export class CleanupFailed extends Error {
  override readonly name = 'CleanupFailed';

  constructor(failures: readonly string[]) {
    super(`could not clean up: ${failures.join('; ')}`);
  }
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * A stack of what must be undone, in reverse order. From its construction to `run` it also
 * works when the process gets SIGINT, SIGTERM or SIGHUP, and when it exits.
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

  /** Forgets an entry that its owner has undone. */
  remove(undo: Undo): void {
    const at = this.#stack.indexOf(undo);
    if (at !== -1) this.#stack.splice(at, 1);
  }

  /**
   * Undoes everything, the last first; goes on after a failure.
   *
   * @throws {CleanupFailed} naming what could not be undone
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
