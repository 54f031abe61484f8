import { Series } from './series.js';

/**
 * @import { DecisionRecord } from '../../api/decision-record.ts'
 * @import { HistoryView, TickEvent } from '../../api/view.ts'
 * @import { StatusView } from '../../api/status-view.ts'
 */

/**
 * How it stands with the daemon: `live`, or not; `cause` and `retryAtMs` (by Date.now) say why not
 * and when the next attempt is.
 *
 * @typedef {{ readonly kind: 'connecting' }
 *   | { readonly kind: 'live' }
 *   | { readonly kind: 'lost', readonly cause: string, readonly retryAtMs: number }} Link
 */

/** Most decisions kept, latest first. */
export const MAX_DECISIONS = 200;

/** What the page knows of the daemon. Whoever shows it is told of changes once a frame. */
export class Store {
  series = new Series();
  /** @type {StatusView | undefined} */
  status;
  /** When the daemon was last heard of, by Date.now; 0: never. */
  heardAtMs = 0;
  /** @type {Link} */
  link = { kind: 'connecting' };
  /** @type {readonly DecisionRecord[]} */
  decisions = [];
  /** Decisions since the page was opened that were too many to be sent. */
  unsent = 0;

  #listeners = new Set();
  #scheduled = false;

  /**
   * @param {() => void} listener
   * @returns {() => void} ends it
   */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes what a new connection begins with.
   *
   * @param {StatusView} status
   * @param {HistoryView} history
   * @param {readonly DecisionRecord[]} decisions latest first
   */
  begin(status, history, decisions) {
    this.series.replace(history);
    this.decisions = decisions.slice(0, MAX_DECISIONS);
    this.#heard(status);
  }

  /** @param {TickEvent} event */
  tick({ status, point }) {
    if (point !== null) this.series.add(point);
    this.#heard(status);
  }

  /** @param {DecisionRecord} decision */
  decided(decision) {
    // A connection begins with the latest ones, and the stream may send some of them again.
    if (this.decisions.some((d) => d.id === decision.id)) return;
    this.decisions = [decision, ...this.decisions.slice(0, MAX_DECISIONS - 1)];
    this.#changed();
  }

  /** @param {number} decisions that were too many to be sent */
  unseen(decisions) {
    this.unsent += decisions;
    this.#changed();
  }

  /**
   * @param {string} cause
   * @param {number} retryAtMs
   */
  lost(cause, retryAtMs) {
    this.link = { kind: 'lost', cause, retryAtMs };
    this.#changed();
  }

  /** @param {StatusView} status */
  #heard(status) {
    this.status = status;
    this.heardAtMs = Date.now();
    this.link = { kind: 'live' };
    this.#changed();
  }

  #changed() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      for (const listener of this.#listeners) listener();
    });
  }
}
