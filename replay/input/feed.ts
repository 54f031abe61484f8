import type { PortSnapshot } from '../../engine/model/port.ts';
import type { NodeState } from '../../engine/model/tick.ts';
import type { Traffic } from './traffic.ts';

/** The node's state at the end of a tick, from the trace. */
export interface FeedTick {
  /** Trace time, ms; increases with each tick. */
  readonly atMs: number;
  /** Wall clock, ms since 1970-01-01 UTC; undefined if the trace has none. */
  readonly wallMs: number | undefined;
  readonly node: NodeState;
  readonly ports: PortSnapshot;
}

/** Totals of the recorded daemon, over the trace so far. */
export interface RecordedTotals {
  readonly vswitchPackets: number;
  readonly vswitchBytes: number;
  readonly carriedPackets: number;
  readonly carriedBytes: number;
  /** Ticks lost because the file was written too slowly. */
  readonly lostTicks: number;
  /** Flows that ended before they were recorded, and what they sent. */
  readonly missedFlows: number;
  readonly missedPackets: number;
  readonly missedBytes: number;
}

/** A trace, played tick by tick. */
export interface TraceFeed {
  readonly format: TraceFormat;
  /** Notes on the trace for the report; more can follow while the trace is read. */
  readonly notes: () => readonly string[];
  /** Totals of the recorded daemon; only recordings have them. */
  readonly recorded?: () => RecordedTotals;
  /** Trace time at the start of the first tick, ms; valid after the first `next`. */
  readonly startMs: () => number;
  /**
   * Writes what happens until the end of the next tick to `traffic`. Resolves to the tick, or to
   * undefined at the end. Rejects with a TraceError where reading fails; everything before that
   * position was returned.
   */
  next(traffic: Traffic): Promise<FeedTick | undefined>;
}

/** Supported trace formats. */
export type TraceFormat = 'recording' | 'csv' | 'pcap' | 'pcapng';
