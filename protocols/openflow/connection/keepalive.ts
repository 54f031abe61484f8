/** Options of a {@link Keepalive}. */
export interface KeepaliveOptions {
  /**
   * Silence after which an echo is requested, and after which the switch is considered dead, ms.
   */
  readonly askAfterMs: number;
  readonly goneAfterMs: number;
  /** Bytes that were received so far. */
  readonly received: () => number;
  readonly ask: () => void;
  readonly gone: () => void;
}

/** Sends an echo request to a silent switch; any received bytes count as an answer. */
export class Keepalive {
  readonly #timer: NodeJS.Timeout;

  constructor(options: KeepaliveOptions) {
    const stepMs = Math.max(10, Math.min(options.askAfterMs, options.goneAfterMs) / 4);
    let bytes = options.received();
    let silentSinceMs = performance.now();
    let asked = false;
    this.#timer = setInterval(() => {
      const now = options.received();
      const nowMs = performance.now();
      if (now !== bytes) {
        bytes = now;
        silentSinceMs = nowMs;
        asked = false;
      } else if (nowMs - silentSinceMs >= options.goneAfterMs) {
        this.stop();
        options.gone();
      } else if (!asked && nowMs - silentSinceMs >= options.askAfterMs) {
        asked = true;
        options.ask();
      }
    }, stepMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
