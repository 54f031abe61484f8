import type { Clock } from '../../engine/ports/clock.ts';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Moves time on by `ms`, which must not be negative. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`a clock does not go back: advance(${ms})`);
    this.#nowMs += ms;
  }
}
