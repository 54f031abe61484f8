import type { YieldToEventLoop } from '../async/yield-to-event-loop.ts';
import type { HoldView, ReloadView } from './command-views.ts';
import type { DecisionQuery } from './decision-query.ts';
import type { DecisionPage, DecisionRecord } from './decision-record.ts';
import type { FlowPage, FlowQuery, WhyAnswer } from './flow-views.ts';
import type { HistoryView, NodePoint } from './history-view.ts';
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
