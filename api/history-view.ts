import type { StatusView } from './status-view.ts';

/** Values of the node at one time. Rates are means between the last two readings, by path. */
export interface NodePoint {
  /** Wall clock, ms since 1970. */
  readonly timeMs: number;
  readonly vswitchBitsPerSecond: number;
  readonly nicBitsPerSecond: number;
  readonly fastPathBitsPerSecond: number;
  readonly vswitchPacketsPerSecond: number;
  readonly nicPacketsPerSecond: number;
  readonly fastPathPacketsPerSecond: number;
  /** Coverage of bytes, 0 to 1; null without traffic. */
  readonly coverage: number | null;
  /** Estimated CPUs that the vSwitch would need for the traffic of the backends; null: not known. */
  readonly cpuSavedCores: number | null;
  /** Share of all CPUs that the host itself uses, 0 to 1. */
  readonly hostCpu: number | null;
  /** All flows, in any placement. */
  readonly flows: number;
  /** Entries in use, of all backends. */
  readonly entriesUsed: number;
  /** Declared entries, of all backends. */
  readonly entries: number;
  /** Duration of the tick, ms. */
  readonly tickMs: number;
}

/** Points in columns of equal length, oldest first. */
export interface HistoryView {
  /** Time between two points, ms. */
  readonly periodMs: number;
  readonly columns: { readonly [Column in keyof NodePoint]: readonly NodePoint[Column][] };
}

/** Data of the stream's event `tick`. */
export interface TickEvent {
  readonly status: StatusView;
  /** The point that the history has for this tick; null before the first tick. */
  readonly point: NodePoint | null;
}
