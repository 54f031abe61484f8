/** Time, given from outside: the engine has none of its own. */
export interface Clock {
  /** Milliseconds that never go back, from an arbitrary start. */
  now(): number;
  /** Wall clock, ms since 1970-01-01 UTC, which may be set back; left out where there is none. */
  wall?(): number;
}
