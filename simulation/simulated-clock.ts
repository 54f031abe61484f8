import type { Clock } from '../engine/ports/clock.ts';

/** Start of the simulated clock, ms; must not be zero. */
const START_MS = 1_000_000;

/** A clock that a simulation advances. */
export class SimulatedClock implements Clock {
  nowMs = START_MS;

  now(): number {
    return this.nowMs;
  }
}
