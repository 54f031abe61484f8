import type { StatusView } from './status-view.ts';

/** One moment of the node. Rates are means between the last two readings, by path. */
export interface NodePoint {
  /** Wall clock, ms since 1970. */
  readonly timeMs: number;
  readonly vswitchBitsPerSecond: number;
  readonly nicBitsPerSecond: number;
  readonly fastPathBitsPerSecond: number;
  readonly vswitchPacketsPerSecond: number;
  readonly nicPacketsPerSecond: number;
  readonly fastPathPacketsPerSecond: number;
  /** Share of the bits that were not on the vSwitch, 0 to 1; null without traffic. */
  readonly coverage: number | null;
  /** Estimate of the CPUs that the vSwitch would need for what it was spared. */
  readonly cpuSavedCores: number | null;
  /** Share of all CPUs that the host itself uses, 0 to 1. */
  readonly hostCpu: number | null;
  /** How many there are, wherever they are placed. */
  readonly flows: number;
  /** Entries in use, and that there are, of all backends. */
  readonly entriesUsed: number;
  readonly entries: number;
  /** Time that the tick took, ms. */
  readonly tickMs: number;
}

/** Points in columns of one length, oldest first. */
export interface HistoryView {
  /** From one point to the next, ms. */
  readonly periodMs: number;
  readonly columns: { readonly [Column in keyof NodePoint]: readonly NodePoint[Column][] };
}

/** What the event `tick` of the stream carries. */
export interface TickEvent {
  readonly status: StatusView;
  /** What the history has of this tick; null before the first. */
  readonly point: NodePoint | null;
}
