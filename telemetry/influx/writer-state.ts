import type { FailureKind } from './errors.ts';

/**
 * Why points were lost: `queue`: there were too many while InfluxDB did not take them; `refused`:
 * it would not have them; `end`: the daemon ended before they were written.
 */
export type DropCause = 'queue' | 'refused' | 'end';

/** How a writer is doing. Numbers count since the start. */
export interface WriterState {
  /** What waits, without what is being sent. */
  readonly queuedPoints: number;
  readonly queuedBytes: number;
  readonly written: number;
  readonly dropped: Readonly<Record<DropCause, number>>;
  readonly failures: Readonly<Record<FailureKind, number>>;
  /** Wall clock of the last request that succeeded, ms since 1970; undefined: none has yet. */
  readonly lastSuccessMs: number | undefined;
  /** What the last request failed with; undefined: it succeeded, or there was none yet. */
  readonly error: string | undefined;
}
