/** Position in a policy file; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}
