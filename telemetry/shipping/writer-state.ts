import type { FailureKind } from './errors.ts';

/**
 * Why lines were lost: `queue`: the queue was full; `refused`: the server rejected them; `end`: the
 * daemon ended before they were written.
 */
export type DropCause = 'queue' | 'refused' | 'end';

/** State of a writer. Counters start with the daemon. */
export interface WriterState {
  /** Lines in the queue, without those of the current request. */
  readonly queuedLines: number;
  readonly queuedBytes: number;
  readonly written: number;
  readonly dropped: Readonly<Record<DropCause, number>>;
  readonly failures: Readonly<Record<FailureKind, number>>;
  /** Wall clock of the last successful write, ms since 1970; undefined before the first. */
  readonly lastSuccessMs: number | undefined;
  /** Error of the last request; undefined if it succeeded, and before the first. */
  readonly error: string | undefined;
}
