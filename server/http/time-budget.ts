import {
  SLICE_MS,
  timeSlicedYield,
  type YieldToEventLoop,
} from '../../async/yield-to-event-loop.ts';
import { Busy } from '../core/routes.ts';

/** Settings of a {@link TimeBudget}. */
export interface TimeBudgetOptions {
  /** Share of the time that may be spent in the long run, 0 to 1. */
  readonly share: number;
  /** What may be saved up and spent at once, ms. */
  readonly burstMs: number;
  /** Tasks that may have begun or wait. */
  readonly tasks: number;
}

/** A slice that was longer counts as so long, ms: the machine, or somebody else, was busy in it. */
const MAX_MS = 10 * SLICE_MS;
/** A task that takes so long without a pause waits for something, and no longer keeps others, ms. */
const WAITS_MS = 500;

/**
 * Lets tasks work one after another, a slice at a time, and all of them together no more than a
 * share of the time: however many ask for however much, what else the process does keeps its time.
 */
export class TimeBudget {
  readonly #options: TimeBudgetOptions;
  readonly #now: () => number;
  readonly #queue: (() => void)[] = [];
  #tasks = 0;
  #savedMs: number;
  #savedAtMs: number;
  #working = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TimeBudgetOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
    this.#savedMs = options.burstMs;
    this.#savedAtMs = now();
  }

  /**
   * Runs a task when it is its turn and there is time for it. One that takes long asks `yieldToEventLoop`
   * when to pause.
   *
   * @throws Busy when there are too many already, and what the task throws
   */
  async run(task: (yieldToEventLoop: YieldToEventLoop) => void | Promise<void>): Promise<void> {
    if (this.#tasks >= this.#options.tasks) {
      throw new Busy('too many requests; try again in a second');
    }
    this.#tasks++;
    let slice: Slice | undefined;
    try {
      slice = await this.#turn();
      const pause = async (): Promise<void> => {
        this.#end(slice);
        slice = await this.#turn();
      };
      await task(timeSlicedYield({ now: this.#now, pause }));
    } finally {
      this.#tasks--;
      this.#end(slice);
    }
  }

  /** Waits for a turn to work. */
  async #turn(): Promise<Slice> {
    if (this.#working || this.#queue.length > 0 || this.#owedMs() > 0) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
        this.#next();
      });
    }
    this.#working = true;
    const slice: Slice = { startMs: this.#now(), timer: undefined, over: false };
    slice.timer = setTimeout(() => this.#end(slice, SLICE_MS), WAITS_MS);
    return slice;
  }

  /** Ends a turn. `spentMs`: what it was, when it is not all since its start. */
  #end(slice: Slice | undefined, spentMs?: number): void {
    if (slice === undefined || slice.over) return;
    slice.over = true;
    clearTimeout(slice.timer);
    this.#owedMs();
    this.#savedMs -= spentMs ?? Math.min(MAX_MS, this.#now() - slice.startMs);
    this.#working = false;
    this.#next();
  }

  /** Gives the next one its turn, later: what else the process has to do comes in between. */
  #next(): void {
    if (this.#working || this.#queue.length === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#working) return;
      if (this.#owedMs() > 0) {
        this.#next();
        return;
      }
      this.#working = true;
      this.#queue.shift()?.();
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
}

interface Slice {
  readonly startMs: number;
  timer: NodeJS.Timeout | undefined;
  over: boolean;
}
