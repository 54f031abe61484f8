import type { FlowTable } from '../model/flow-table.ts';

/** What a reading cost whom it was read from. */
export interface ReadCost {
  /** Time the source (vswitchd's main loop) spent on it, in ms; best estimate. */
  readonly sourceMs: number;
  /** Flows read. */
  readonly flows: number;
  /** Lines or records that were not understood and left out, with one example. */
  readonly skipped: number;
  readonly firstSkipped: string | undefined;
}

/** An error of a source that was asked and gave no answer in time: it may have worked all along. */
export interface UnansweredError extends Error {
  /** Time that was waited for an answer, ms. */
  readonly waitedMs: number;
}

/** True of an error that says how long an answer was waited for, whatever its class. */
export function isUnanswered(error: unknown): error is UnansweredError {
  return error instanceof Error && 'waitedMs' in error && typeof error.waitedMs === 'number';
}

/** Cumulative counters per datapath flow at one moment. */
export interface FlowSource {
  readonly name: string;
  /**
   * Reads every flow once into `table`, between the caller's `table.begin()` and `table.end()`:
   * `find`/`add` for the row, then `observe`. Rows that are not observed have left the vSwitch.
   *
   * Rejects when the source cannot be read; the table then holds a part of the flows and the
   * caller must `abandon()` the reading. A time-out is an {@link UnansweredError}, so that a
   * source that is too busy to answer is asked less often.
   */
  read(table: FlowTable, signal: AbortSignal): Promise<ReadCost>;
  close(): Promise<void>;
}
