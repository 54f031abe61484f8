import type { PortSnapshot } from '../../engine/model/port.ts';
import type { NodeState } from '../../engine/model/tick.ts';
import type { Traffic } from './traffic.ts';

/** The node as a trace tells of it at the end of a tick. */
export interface FeedTick {
  /** Time of the trace, ms; grows from tick to tick. */
  readonly atMs: number;
  /** Wall clock, ms since 1970-01-01 UTC; undefined: the trace does not tell. */
  readonly wallMs: number | undefined;
  readonly node: NodeState;
  readonly ports: PortSnapshot;
}

/** What the daemon did itself while it was recorded; totals over the trace so far. */
export interface RecordedTotals {
  readonly vswitchPackets: number;
  readonly vswitchBytes: number;
  readonly carriedPackets: number;
  readonly carriedBytes: number;
  /** Ticks that the recorder lost because whoever wrote the file was too slow. */
  readonly lostTicks: number;
  /** Flows that came and went before they could be written down, and what they sent. */
  readonly missedFlows: number;
  readonly missedPackets: number;
  readonly missedBytes: number;
}

/** A trace, played tick by tick. */
export interface TraceFeed {
  readonly format: TraceFormat;
  /** Things of the trace that a reader of the report should know; grows as it is read. */
  readonly notes: () => readonly string[];
  /** What the daemon did; undefined for traces that are no recordings. */
  readonly recorded?: () => RecordedTotals;
  /** Time of the trace at its start, ms: that of the first tick's beginning. After the first `next`. */
  readonly startMs: () => number;
  /**
   * Puts what happens up to the end of the next tick into `traffic`. Resolves to the tick;
   * undefined at the end. Rejects with a TraceError where the trace cannot be read on: all that
   * came before was given out.
   */
  next(traffic: Traffic): Promise<FeedTick | undefined>;
}

/** Formats that are read. */
export type TraceFormat = 'recording' | 'csv' | 'pcap' | 'pcapng';
