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

/** Cumulative counters per datapath flow at one moment. */
export interface FlowSource {
  readonly name: string;
  /**
   * Reads every flow once into `table`, between the caller's `table.begin()` and `table.end()`:
   * `find`/`add` for the row, then `observe`. Rows that are not observed have left the vSwitch.
   *
   * Rejects when the source cannot be read; the table then holds a part of the flows and the
   * caller must `abandon()` the reading.
   */
  read(table: FlowTable, signal: AbortSignal): Promise<ReadCost>;
  close(): Promise<void>;
}
