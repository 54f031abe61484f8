import { Busy } from './routes.ts';

/** Settings of a {@link TimeBudget}. */
export interface TimeBudgetOptions {
  /** Share of the time that may be spent in the long run, 0 to 1. */
  readonly share: number;
  /** What may be saved up and spent at once, ms. */
  readonly burstMs: number;
  /** Tasks that may wait. */
  readonly waiting: number;
}

/** A task that takes longer counts as so long, ms: it was not at work all the time. */
const MOST_MS = 50;
/** A task that takes longer no longer keeps the others waiting, ms. */
const HUNG_MS = 2_000;

/**
 * Lets tasks run one after another, and no more of them than a share of the time is worth: however
 * many ask for however much, what else the process does keeps its time.
 */
export class TimeBudget {
  readonly #options: TimeBudgetOptions;
  readonly #now: () => number;
  readonly #queue: (() => void)[] = [];
  #savedMs: number;
  #savedAtMs: number;
  #running = false;

  constructor(options: TimeBudgetOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
    this.#savedMs = options.burstMs;
    this.#savedAtMs = now();
  }

  /**
   * Runs a task when it is its turn and there is time for it.
   *
   * @throws Busy when too many wait already, and what the task throws
   */
  async run(task: () => void | Promise<void>): Promise<void> {
    if (this.#running || this.#queue.length > 0 || this.#owedMs() > 0) await this.#turn();
    this.#running = true;
    const startMs = this.#now();
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#spend(Math.min(MOST_MS, this.#now() - startMs));
      this.#running = false;
      this.#next();
    };
    // One that waits for something that does not come must not keep the others waiting.
    const timer = setTimeout(release, HUNG_MS);
    try {
      await task();
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  #turn(): Promise<void> {
    if (this.#queue.length >= this.#options.waiting) {
      throw new Busy('too many ask for too much at once; try again in a second');
    }
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      if (!this.#running && this.#queue.length === 1) this.#next();
    });
  }

  #next(): void {
    if (this.#queue.length === 0) return;
    // Also when nothing is owed: what else the loop has to do has its turn in between.
    setTimeout(() => {
      if (this.#running) return;
      const begin = this.#queue.shift();
      if (begin === undefined) return;
      this.#running = true;
      begin();
    }, this.#owedMs());
  }

  /** Time to wait until something may be spent again, ms. */
  #owedMs(): number {
    const nowMs = this.#now();
    const { share, burstMs } = this.#options;
    this.#savedMs = Math.min(burstMs, this.#savedMs + (nowMs - this.#savedAtMs) * share);
    this.#savedAtMs = nowMs;
    return this.#savedMs > 0 ? 0 : Math.ceil(-this.#savedMs / share) + 1;
  }

  #spend(ms: number): void {
    this.#owedMs();
    this.#savedMs -= ms;
  }
}
