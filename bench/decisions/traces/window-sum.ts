import type { TraceBuilder, TraceLength } from './trace.ts';

/** Sums the traffic of one flow per window, in the order of time. */
export class WindowSum {
  readonly #builder: TraceBuilder;
  readonly #windowMs: number;
  readonly #windows: number;
  #flow = 0;
  #window = -1;
  #bytes = 0;
  #packets = 0;
  #lastMs = 0;

  constructor(builder: TraceBuilder, { windowMs, windows }: TraceLength) {
    this.#builder = builder;
    this.#windowMs = windowMs;
    this.#windows = windows;
  }

  /** Begins with a new flow. */
  start(flow: number): void {
    this.#flow = flow;
    this.#window = -1;
  }

  /** End of the window that the time `atMs` falls into, ms. */
  endOfWindow(atMs: number): number {
    return (Math.floor(atMs / this.#windowMs) + 1) * this.#windowMs;
  }

  /**
   * Adds traffic in the window of `atMs`; traffic after the trace's end is ignored.
   *
   * @param lastMs time of the last of these packets, ms from the trace's start
   */
  add(atMs: number, bytes: number, packets: number, lastMs: number): void {
    const window = Math.floor(atMs / this.#windowMs);
    if (window !== this.#window) {
      this.end();
      this.#window = window;
    }
    this.#bytes += bytes;
    this.#packets += packets;
    this.#lastMs = Math.min(lastMs - window * this.#windowMs, this.#windowMs);
  }

  /** Ends the flow. */
  end(): void {
    if (this.#window >= 0 && this.#window < this.#windows && this.#packets > 0) {
      this.#builder.add(this.#window, this.#flow, this.#bytes, this.#packets, this.#lastMs);
    }
    this.#window = -1;
    this.#bytes = 0;
    this.#packets = 0;
  }
}
