import type { DecisionRecord } from './decision-record.ts';
import type { YieldToEventLoop } from '../async/yield-to-event-loop.ts';
import type { FlowPage, FlowQuery, WhyAnswer } from './flow-views.ts';
import type { StatusView } from './status-view.ts';

/**
 * What the daemon shows of itself and lets be done with it: the contract between the loop and
 * everything that people look at. All of it is plain data that survives JSON: `null` where a
 * number is not known, no NaN and no Infinity.
 */
export interface DaemonView {
  status(): StatusView;
  /** `yieldToEventLoop`: pauses of the search, which may take a while; left out: it gives way to others. */
  flows(query: FlowQuery, yieldToEventLoop?: YieldToEventLoop): Promise<FlowPage>;
  /** `id`: a ufid or the beginning of one. */
  why(id: string): Promise<WhyAnswer>;
  decisions(query: DecisionQuery): DecisionPage;
  /** The last minutes, for charts. */
  history(): HistoryView;
  /**
   * The last tick's aggregates; undefined before the first. `status`: the one just made, which they
   * are taken from; left out: a new one.
   */
  point(status?: StatusView): NodePoint | undefined;
  /** Takes everything back to the vSwitch and holds it there until `resume`. */
  onloadAll(): Promise<HoldView>;
  resume(): Promise<HoldView>;
  reload(): Promise<ReloadView>;
  /** Calls `listener` after every tick; the returned function ends it. */
  onTick(listener: () => void): () => void;
  /** Calls `listener` with every decision as it is recorded; the returned function ends it. */
  onDecision(listener: (decision: DecisionRecord) => void): () => void;
}

/** Which decisions. */
export interface DecisionQuery {
  /** A ufid or the beginning of one; empty: of all flows. */
  readonly flow: string;
  /** Most decisions to return. */
  readonly limit: number;
}

/** The latest decisions, latest first. */
export interface DecisionPage {
  /** Decisions in memory, of all flows. */
  readonly kept: number;
  /** Decisions that were left out or not written since the start. */
  readonly lost: number;
  readonly decisions: readonly DecisionRecord[];
}

export interface HoldView {
  /** True while everything is held on the vSwitch. */
  readonly held: boolean;
  /** Entries taken out by this call. */
  readonly withdrawn: number;
}

/** What became of a reload. On failure the last good policies stay in force. */
export type ReloadView =
  | { readonly ok: true; readonly rules: number }
  | { readonly ok: false; readonly problems: readonly string[] };

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
