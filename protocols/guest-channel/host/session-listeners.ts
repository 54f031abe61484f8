import type { SessionListener } from './session.ts';

/** The listeners of a session. */
export class SessionListeners {
  readonly #listeners = new Set<SessionListener>();

  /** The returned function unsubscribes. */
  add(listener: SessionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells each of them; one that unsubscribes meanwhile is no error. */
  each(tell: (listener: SessionListener) => void): void {
    for (const listener of this.#listeners) tell(listener);
  }

  clear(): void {
    this.#listeners.clear();
  }
}
