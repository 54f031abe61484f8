/** Source of time for the engine, which reads no other clock. */
export interface Clock {
  /**
   * Milliseconds that never go back, from an arbitrary start: CLOCK_MONOTONIC on a real node, whose
   * backends compare leases with it.
   */
  now(): number;
  /** Wall clock, ms since 1970-01-01 UTC, which may go back; optional. */
  wall?(): number;
}
