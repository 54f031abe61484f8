/** Tasks that may wait or run in a queue without a limit of its own: more means that one hangs. */
const MAX_TASKS = 1_000;

/** A queue has no room for another task; it was not begun. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';

  constructor(tasks: number) {
    super(`${tasks} tasks wait already; the first of them may hang: try again later`);
  }
}

/** Runs tasks one after another, in the order they were asked for, whatever becomes of each. */
export class SerialQueue {
  readonly #maxTasks: number;
  #last: Promise<unknown> = Promise.resolve();
  #tasks = 0;

  /** @param maxTasks tasks that may wait or run at once */
  constructor(maxTasks = MAX_TASKS) {
    this.#maxTasks = maxTasks;
  }

  /** Tasks that wait or run. */
  get tasks(): number {
    return this.#tasks;
  }

  /**
   * Resolves or rejects as `task` does, once all tasks before it have settled. Rejects with
   * {@link QueueFull} when there are too many.
   */
  run<T>(task: () => T | Promise<T>): Promise<T> {
    if (this.#tasks >= this.#maxTasks) return Promise.reject(new QueueFull(this.#tasks));
    this.#tasks++;
    const result = this.#last.then(task);
    const settled = (): void => {
      this.#tasks--;
    };
    this.#last = result.then(settled, settled);
    return result;
  }
}
