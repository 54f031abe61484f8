/** Time, given from outside: the engine has none of its own. */
export interface Clock {
  /** Milliseconds that never go back, from an arbitrary start. */
  now(): number;
}
