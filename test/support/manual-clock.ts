import type { Clock } from '../../engine/ports/clock.ts';

/** A clock that only a test advances. */
export class ManualClock implements Clock {
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Advances the time by `ms`, which must not be negative. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`a clock does not go back: advance(${ms})`);
    this.#nowMs += ms;
  }
}
