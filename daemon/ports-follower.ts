import type { PortSnapshot } from '../engine/model/port.ts';

/**
 * Passes on snapshots of the ports, one at a time and only the newest. A snapshot whose delivery
 * fails stays pending until {@link retry}.
 */
export class PortsFollower {
  readonly #follow: (ports: PortSnapshot) => Promise<void>;
  /** A new object for each request, also for the same snapshot. */
  #pending: { readonly ports: PortSnapshot } | undefined;
  #busy = false;

  /** @param follow settles within bounded time */
  constructor(follow: (ports: PortSnapshot) => Promise<void>) {
    this.#follow = follow;
  }

  /** True while a snapshot is pending. */
  get behind(): boolean {
    return this.#pending !== undefined;
  }

  changed(ports: PortSnapshot): void {
    this.#pending = { ports };
    this.retry();
  }

  /** Delivers the pending snapshot again, if any. */
  retry(): void {
    if (!this.#busy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#pending !== undefined) {
        const pending = this.#pending;
        await this.#follow(pending.ports);
        if (this.#pending === pending) this.#pending = undefined;
      }
    } catch {
      // `follow` has logged the error; the snapshot stays pending.
    } finally {
      this.#busy = false;
    }
  }
}
