import {
  SLICE_MS,
  timeSlicedYield,
  type YieldToEventLoop,
} from '../../async/yield-to-event-loop.ts';
import { Busy } from '../core/routes.ts';

/** Settings of a {@link TimeBudget}. */
export interface TimeBudgetOptions {
  /** Long-term share of the time that tasks may use, 0 to 1. */
  readonly share: number;
  /** Maximum time that can be saved up, ms. */
  readonly burstMs: number;
  /** Maximum number of running and waiting tasks. */
  readonly tasks: number;
}

/** Maximum that is charged for a slice, ms: a longer one was delayed by other work or the machine. */
const MAX_CHARGE_MS = 10 * SLICE_MS;
/** A task without a pause for this time waits for something; the next one gets its turn, ms. */
const BLOCKED_MS = 500;

/**
 * Runs tasks in turns, a time slice each, and bounds the share of time of all of them together, so
 * that clients cannot take the event loop's time from the rest of the process.
 */
export class TimeBudget {
  readonly #options: TimeBudgetOptions;
  readonly #now: () => number;
  readonly #queue: (() => void)[] = [];
  #tasks = 0;
  #savedMs: number;
  #savedAtMs: number;
  #running = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TimeBudgetOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
    this.#savedMs = options.burstMs;
    this.#savedAtMs = now();
  }

  /**
   * Runs a task when it is its turn and the budget allows. A long task awaits `yieldToEventLoop`
   * regularly.
   *
   * @throws Busy when too many tasks are pending, and what the task throws
   */
  async run(task: (yieldToEventLoop: YieldToEventLoop) => void | Promise<void>): Promise<void> {
    if (this.#tasks >= this.#options.tasks) {
      throw new Busy('too many requests; try again in a second');
    }
    this.#tasks++;
    let slice: Slice | undefined;
    try {
      slice = await this.#startSlice();
      const pause = async (): Promise<void> => {
        this.#endSlice(slice);
        slice = await this.#startSlice();
      };
      await task(timeSlicedYield({ now: this.#now, pause }));
    } finally {
      this.#tasks--;
      this.#endSlice(slice);
    }
  }

  /** Waits for a turn. */
  async #startSlice(): Promise<Slice> {
    if (this.#running || this.#queue.length > 0 || this.#waitMs() > 0) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
        this.#scheduleNext();
      });
    }
    this.#running = true;
    const slice: Slice = { startMs: this.#now(), timer: undefined, over: false };
    slice.timer = setTimeout(() => this.#endSlice(slice, SLICE_MS), BLOCKED_MS);
    return slice;
  }

  /** @param chargeMs time to charge; by default the time since the slice's start */
  #endSlice(slice: Slice | undefined, chargeMs?: number): void {
    if (slice === undefined || slice.over) return;
    slice.over = true;
    clearTimeout(slice.timer);
    this.#refill();
    this.#savedMs -= chargeMs ?? Math.min(MAX_CHARGE_MS, this.#now() - slice.startMs);
    this.#running = false;
    this.#scheduleNext();
  }

  /** Starts the next task's turn from a timer, so that other work of the process comes between. */
  #scheduleNext(): void {
    if (this.#running || this.#queue.length === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#running) return;
      if (this.#waitMs() > 0) {
        this.#scheduleNext();
        return;
      }
      this.#running = true;
      this.#queue.shift()?.();
    }, this.#waitMs());
  }

  /** Time until a task may run again, ms. */
  #waitMs(): number {
    this.#refill();
    return this.#savedMs > 0 ? 0 : Math.ceil(-this.#savedMs / this.#options.share) + 1;
  }

  #refill(): void {
    const nowMs = this.#now();
    const { share, burstMs } = this.#options;
    this.#savedMs = Math.min(burstMs, this.#savedMs + (nowMs - this.#savedAtMs) * share);
    this.#savedAtMs = nowMs;
  }
}

interface Slice {
  readonly startMs: number;
  timer: NodeJS.Timeout | undefined;
  over: boolean;
}
