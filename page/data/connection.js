import { api, STREAM_URL } from './api.js';
import { isDecision, isLostEvent, isTickEvent } from './guards.js';
import { MAX_DECISIONS } from './store.js';

/** @import { Store } from './store.js' */

/** Wait before the first new attempt, and the longest, ms. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 8_000;
/** Wait before a stream that has ended is opened again, ms. */
const SHORT_WAIT_MS = 300;
/** The same when it had nothing to say: the daemon has no stream to spare, ms. */
const LONG_WAIT_MS = 2_000;
/** A stream without an event for so long, and for five periods, is broken, ms. */
const SILENCE_MS = 10_000;

/**
 * Keeps a store to the daemon for as long as the page is open: asks for what there is, listens to
 * the stream, and begins anew when that ends. A daemon that answers but has no stream to spare is
 * asked again and again.
 */
export class Connection {
  #store;
  /** @type {() => void} */
  #hurry = () => {};

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  /** Never returns. */
  async run() {
    addEventListener('online', () => this.retryNow());
    let waitMs = FIRST_WAIT_MS;
    for (;;) {
      await seen();
      try {
        await this.#begin();
        waitMs = FIRST_WAIT_MS;
        const heard = await this.#listen();
        await this.#wait(heard ? SHORT_WAIT_MS : LONG_WAIT_MS);
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        this.#store.lost(cause, Date.now() + waitMs);
        await this.#wait(waitMs);
        waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
      }
    }
  }

  /** Ends the wait before the next attempt. */
  retryNow() {
    this.#hurry();
  }

  async #begin() {
    const [status, history, { decisions }] = await Promise.all([
      api.status(),
      api.history(),
      api.decisions(MAX_DECISIONS),
    ]);
    this.#store.begin(status, history, decisions);
  }

  /**
   * Resolves when the stream ends, breaks or falls silent, or the page is out of sight: a browser
   * has few connections to one server, and every open page would keep one.
   *
   * @returns {Promise<boolean>} whether it had anything to say
   */
  #listen() {
    return new Promise((resolve) => {
      const stream = new EventSource(STREAM_URL);
      let heard = false;
      const end = () => {
        clearTimeout(silence);
        document.removeEventListener('visibilitychange', end);
        stream.close();
        resolve(heard);
      };
      let silence = setTimeout(end, SILENCE_MS);
      document.addEventListener('visibilitychange', end);
      stream.addEventListener('error', end);
      stream.addEventListener('tick', ({ data }) => {
        const event = parsed(data);
        if (!isTickEvent(event)) return;
        heard = true;
        clearTimeout(silence);
        silence = setTimeout(end, Math.max(SILENCE_MS, 5 * event.status.tick.periodMs));
        this.#store.tick(event);
      });
      stream.addEventListener('decision', ({ data }) => {
        const decision = parsed(data);
        if (isDecision(decision)) this.#store.decided(decision);
      });
      stream.addEventListener('lost', ({ data }) => {
        const lost = parsed(data);
        if (isLostEvent(lost)) this.#store.unseen(lost.decisions);
      });
    });
  }

  /**
   * @param {number} ms
   * @returns {Promise<void>}
   */
  #wait(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Resolves at once while the page can be seen, else when it can be again.
 *
 * @returns {Promise<void>}
 */
function seen() {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    look();
  });
}

/**
 * @param {unknown} text
 * @returns {unknown}
 */
function parsed(text) {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
