/** Calls its listeners once for all that is announced in a turn of the event loop. */
export class Announcement {
  readonly #listeners = new Set<() => void>();
  #isMade = false;

  /** The returned function unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  make(): void {
    if (this.#isMade) return;
    this.#isMade = true;
    queueMicrotask(() => {
      this.#isMade = false;
      for (const listener of this.#listeners) listener();
    });
  }
}
