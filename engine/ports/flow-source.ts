import type { FlowTable } from '../model/flow-table.ts';

/** Size of a reading, and its cost to the source. */
export interface ReadCost {
  /** Time the source (vswitchd's main loop) spent on it, in ms; best estimate. */
  readonly sourceMs: number;
  /** Flows read. */
  readonly flows: number;
  /** Lines or records that could not be parsed and were skipped, with one example. */
  readonly skipped: number;
  readonly firstSkipped: string | undefined;
  /** What the source could not do between this reading and the one before; left out: nothing. */
  readonly note?: string;
}

/** A time-out of a source, which may have been busy with the request all the time. */
export interface UnansweredError extends Error {
  /** Time waited for an answer, ms. */
  readonly waitedMs: number;
}

/** True for an error of any class with a `waitedMs`. */
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
   * Rejects when the source cannot be read; the table then holds only a part of the flows, and the
   * caller must `abandon()` the reading. A time-out is an {@link UnansweredError}, so that a busy
   * source is polled less often.
   */
  read(table: FlowTable, signal: AbortSignal): Promise<ReadCost>;
  /**
   * Calls `listener` soon after the actions of a flow changed, so that it is read again at once; the
   * returned function unsubscribes. Missing: the source is not notified.
   */
  onActionsChange?(listener: () => void): () => void;
  /**
   * Calls `listener` soon after flows have appeared, once for those that appeared together; the
   * returned function unsubscribes. Missing: new flows are seen at the next reading.
   */
  onNewFlow?(listener: () => void): () => void;
  /**
   * Reads the flows that have appeared of late and have not sent a packet that was counted, between the
   * caller's `table.beginPartial()` and `table.endPartial()`. Costs nothing for other flows. Resolves to
   * false when these flows are not known, for example because too many have appeared: then only
   * {@link read} finds them. Missing: it always does.
   *
   * Rejects when the source cannot be read; the caller must `abandon()` the reading.
   */
  readNew?(table: FlowTable, signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}
