import type { YieldToEventLoop } from '../async/yield-to-event-loop.ts';
import type { HoldView, ReloadView } from './command-views.ts';
import type { DecisionQuery } from './decision-query.ts';
import type { DecisionPage, DecisionRecord } from './decision-record.ts';
import type { FlowPage, FlowQuery, WhyAnswer } from './flow-views.ts';
import type { HistoryView, NodePoint } from './history-view.ts';
import type { StatusView } from './status-view.ts';

/**
 * The interface between the loop and everything that shows or controls it. All data can be sent as
 * JSON: `null` for an unknown number, no NaN and no Infinity.
 */
export interface DaemonView {
  status(): StatusView;
  /** @param yieldToEventLoop awaited between chunks of the search; by default one per time slice */
  flows(query: FlowQuery, yieldToEventLoop?: YieldToEventLoop): Promise<FlowPage>;
  /** @param id a ufid or a prefix of one */
  why(id: string): Promise<WhyAnswer>;
  decisions(query: DecisionQuery): DecisionPage;
  /** The last minutes, for charts. */
  history(): HistoryView;
  /**
   * The last tick's aggregates; undefined before the first.
   *
   * @param status status to take them from; default: a new one
   */
  point(status?: StatusView): NodePoint | undefined;
  /** Moves every flow back to the vSwitch and holds it there until `resume`. */
  onloadAll(): Promise<HoldView>;
  resume(): Promise<HoldView>;
  reload(): Promise<ReloadView>;
  /** Calls `listener` after every tick; the returned function unsubscribes. */
  onTick(listener: () => void): () => void;
  /** Calls `listener` with every decision as it is recorded; the returned function unsubscribes. */
  onDecision(listener: (decision: DecisionRecord) => void): () => void;
}
