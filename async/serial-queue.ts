/** Default limit of waiting and running tasks. More mean that a task hangs. */
const MAX_TASKS = 1_000;

/** The queue is full; the task was not started. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';

  constructor(tasks: number) {
    super(`${tasks} tasks are already waiting; the first of them may hang; try again later`);
  }
}

/** Runs tasks one at a time, in the order of the calls; a failed task does not stop the next. */
export class SerialQueue {
  readonly #maxTasks: number;
  #last: Promise<unknown> = Promise.resolve();
  #tasks = 0;

  /** @param maxTasks maximum number of waiting and running tasks */
  constructor(maxTasks = MAX_TASKS) {
    this.#maxTasks = maxTasks;
  }

  /** Number of waiting and running tasks. */
  get tasks(): number {
    return this.#tasks;
  }

  /**
   * Runs `task` after all earlier tasks have settled, and settles like it. Rejects with
   * {@link QueueFull} when there are too many tasks.
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
