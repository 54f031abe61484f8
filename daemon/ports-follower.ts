import type { PortSnapshot } from '../engine/model/port.ts';

/**
 * Hands changes of the ports on, one at a time and always the newest: what came in between is in
 * it. A change that could not be handed on stays pending until {@link retry}.
 */
export class PortsFollower {
  readonly #follow: (ports: PortSnapshot) => Promise<void>;
  #pending: PortSnapshot | undefined;
  #busy = false;

  /** @param follow settles within bounded time */
  constructor(follow: (ports: PortSnapshot) => Promise<void>) {
    this.#follow = follow;
  }

  /** True while a change has not been followed. */
  get behind(): boolean {
    return this.#pending !== undefined;
  }

  /** Takes a new snapshot. */
  changed(ports: PortSnapshot): void {
    this.#pending = ports;
    this.retry();
  }

  /** Tries again what failed; no effect when nothing is pending. */
  retry(): void {
    if (!this.#busy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#pending !== undefined) {
        const ports = this.#pending;
        await this.#follow(ports);
        if (this.#pending === ports) this.#pending = undefined;
      }
    } catch {
      // Whoever follows has said what went wrong; the change stays pending.
    } finally {
      this.#busy = false;
    }
  }
}
