import type { DecisionRecord } from '../../api/decision-record.ts';
import type { StatusView } from '../../api/status-view.ts';
import type { HistoryView, TickEvent } from '../../api/history-view.ts';
import { Series } from './series.ts';

/**
 * State of the connection to the daemon; `cause` says why it is lost, `retryAtMs` (by Date.now) when
 * the next attempt is.
 */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly cause: string; readonly retryAtMs: number };

/** Most decisions kept, latest first. */
export const MAX_DECISIONS = 200;

/** What the page knows of the daemon. */
export class Store {
  readonly series = new Series();
  status: StatusView | undefined;
  /** When the daemon was last heard of, by Date.now; 0: never. */
  heardAtMs = 0;
  link: Link = { kind: 'connecting' };
  decisions: readonly DecisionRecord[] = [];
  /** Decisions since the page was opened that were too many to be sent. */
  unsent = 0;

  readonly #listeners = new Set<() => void>();
  #scheduled = false;

  /** Calls `listener` after changes, once a frame; the returned function ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Takes over the first answers of a new connection.
   *
   * @param decisions latest first
   */
  begin(status: StatusView, history: HistoryView, decisions: readonly DecisionRecord[]): void {
    this.series.replace(history);
    this.decisions = decisions.slice(0, MAX_DECISIONS);
    this.#heard(status);
  }

  /** Takes over the event of a tick. */
  tick({ status, point }: TickEvent): void {
    if (point !== null) this.series.add(point);
    this.#heard(status);
  }

  /** Adds a decision of the stream. */
  decided(decision: DecisionRecord): void {
    // A connection begins with the latest ones, and the stream may send some of them again.
    if (this.decisions.some((d) => d.id === decision.id)) return;
    this.decisions = [decision, ...this.decisions.slice(0, MAX_DECISIONS - 1)];
    this.#changed();
  }

  /** `decisions`: how many there were, too many to be sent. */
  unseen(decisions: number): void {
    this.unsent += decisions;
    this.#changed();
  }

  /** `cause`: why the daemon cannot be reached; `retryAtMs`: the next attempt, by Date.now. */
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
