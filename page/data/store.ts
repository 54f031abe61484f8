import type { DecisionRecord } from '../../api/decision-record.ts';
import type { StatusView } from '../../api/status-view.ts';
import type { HistoryView, TickEvent } from '../../api/history-view.ts';
import { Series } from './series.ts';

/**
 * State of the connection to the daemon; `cause`: why it is lost; `retryAtMs`: time of the next attempt
 * (Date.now).
 */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly cause: string; readonly retryAtMs: number };

/** Maximum number of decisions. */
export const MAX_DECISIONS = 200;

/** The page's state of the daemon. */
export class Store {
  readonly series = new Series();
  status: StatusView | undefined;
  /** Time of the last response or event (Date.now); 0: never. */
  heardAtMs = 0;
  link: Link = { kind: 'connecting' };
  decisions: readonly DecisionRecord[] = [];
  /** Decisions since the page was opened that the daemon did not send. */
  unsent = 0;

  readonly #listeners = new Set<() => void>();
  #scheduled = false;

  /** Calls `listener` after changes, once per frame; the returned function unsubscribes. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Stores the first responses of a new connection.
   *
   * @param decisions latest first
   */
  begin(status: StatusView, history: HistoryView, decisions: readonly DecisionRecord[]): void {
    this.series.replace(history);
    this.decisions = decisions.slice(0, MAX_DECISIONS);
    this.#heard(status);
  }

  /** Stores the event of a tick. */
  tick({ status, point }: TickEvent): void {
    if (point !== null) this.series.add(point);
    this.#heard(status);
  }

  /** Adds a decision of the stream. */
  decided(decision: DecisionRecord): void {
    // A connection starts with the latest decisions, and the stream can repeat some of them.
    if (this.decisions.some((d) => d.id === decision.id)) return;
    this.decisions = [decision, ...this.decisions.slice(0, MAX_DECISIONS - 1)];
    this.#changed();
  }

  /** @param decisions number of decisions that the daemon did not send */
  unseen(decisions: number): void {
    this.unsent += decisions;
    this.#changed();
  }

  /** @param retryAtMs time of the next attempt (Date.now) */
  lost(cause: string, retryAtMs: number): void {
    this.link = { kind: 'lost', cause, retryAtMs };
    this.#changed();
  }

  #heard(status: StatusView): void {
    this.status = status;
    this.heardAtMs = Date.now();
    this.link = { kind: 'live' };
    this.#changed();
  }

  #changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      for (const listener of this.#listeners) listener();
    });
  }
}
