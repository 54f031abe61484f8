import { isDecisionRecord, isLostEvent, isTickEvent } from '../../api/view-guards.ts';
import { errorMessage } from '../../text/error-message.ts';
import { api, STREAM_URL } from './api.ts';
import { MAX_DECISIONS, type Store } from './store.ts';

/** Bounds of the wait before a new attempt, ms. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 8_000;
/** Wait before an ended stream is reopened, ms. */
const SHORT_WAIT_MS = 300;
/** The same for a stream without any event: the daemon has no free stream, ms. */
const LONG_WAIT_MS = 2_000;
/** A stream is broken when it has had no event for this time and for five periods, ms. */
const SILENCE_MS = 10_000;

/**
 * Keeps a store up to date while the page is open: loads the current state, follows the stream, and
 * starts over when the stream ends. If the daemon responds but has no free stream, it is polled.
 */
export class Connection {
  readonly #store: Store;
  #hurry: () => void = () => {};

  constructor(store: Store) {
    this.#store = store;
  }

  /** Never returns. */
  async run(): Promise<never> {
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
        const cause = errorMessage(error);
        this.#store.lost(cause, Date.now() + waitMs);
        await this.#wait(waitMs);
        waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
      }
    }
  }

  /** Ends the wait before the next attempt. */
  retryNow(): void {
    this.#hurry();
  }

  async #begin(): Promise<void> {
    const [status, history, { decisions }] = await Promise.all([
      api.status(),
      api.history(),
      api.decisions(MAX_DECISIONS),
    ]);
    this.#store.begin(status, history, decisions);
  }

  /**
   * Resolves when the stream ends, breaks or falls silent, or the page is hidden: a browser has few
   * connections per server, and every open page would keep one.
   *
   * @returns whether it had any event
   */
  #listen(): Promise<boolean> {
    return new Promise((resolve) => {
      const stream = new EventSource(STREAM_URL);
      let heard = false;
      const end = (): void => {
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
        if (isDecisionRecord(decision)) this.#store.decided(decision);
      });
      stream.addEventListener('lost', ({ data }) => {
        const lost = parsed(data);
        if (isLostEvent(lost)) this.#store.unseen(lost.decisions);
      });
    });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Resolves at once if the page is visible, otherwise when it becomes visible. */
function seen(): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    look();
  });
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
