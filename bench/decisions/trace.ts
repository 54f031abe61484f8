/**
 * Traffic cut into windows of equal length: what each flow sent in each window. Columns, one
 * element a flow and window in which it sent: elements `offsets[w] .. offsets[w + 1)` are those of
 * window `w`, in the order in which their flows first came.
 */
export interface Trace {
  readonly windowMs: number;
  readonly windows: number;
  /** Windows at the start that nobody is judged by: tables fill and estimates settle in them. */
  readonly warmUpWindows: number;
  /** Flows altogether; each is a number from 0, in the order of first packets. */
  readonly flows: number;
  readonly offsets: Uint32Array;
  readonly flow: Uint32Array;
  /** Bytes with the L2 header, and packets, that the flow sent in the window. */
  readonly bytes: Float64Array;
  readonly packets: Float64Array;
  /** Time of its last packet of the window, ms from the window's start. */
  readonly lastMs: Float32Array;
}

/** Thrown when a trace cannot be made of what is given. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

/** Length of a trace in windows. */
export interface TraceLength {
  readonly windowMs: number;
  readonly windows: number;
  readonly warmUpWindows: number;
}

/** Collects what flows sent, flow by flow, and sorts it by window. */
export class TraceBuilder {
  readonly #length: TraceLength;
  #count = 0;
  #window = new Uint32Array(0);
  #flow = new Uint32Array(0);
  #bytes = new Float64Array(0);
  #packets = new Float64Array(0);
  #lastMs = new Float32Array(0);

  constructor(length: TraceLength) {
    this.#length = length;
  }

  /** Adds what `flow` sent in `window`; at most once for the two. */
  add(window: number, flow: number, bytes: number, packets: number, lastMs: number): void {
    const at = this.#count++;
    if (at >= this.#window.length) this.#grow();
    this.#window[at] = window;
    this.#flow[at] = flow;
    this.#bytes[at] = bytes;
    this.#packets[at] = packets;
    this.#lastMs[at] = lastMs;
  }

  /** The trace of all that was added; the order of flows within a window is kept. */
  build(flows: number): Trace {
    const { windows } = this.#length;
    const offsets = new Uint32Array(windows + 1);
    for (let i = 0; i < this.#count; i++) offsets[this.#window[i] + 1]++;
    for (let w = 0; w < windows; w++) offsets[w + 1] += offsets[w];
    const next = offsets.slice();
    const flow = new Uint32Array(this.#count);
    const bytes = new Float64Array(this.#count);
    const packets = new Float64Array(this.#count);
    const lastMs = new Float32Array(this.#count);
    for (let i = 0; i < this.#count; i++) {
      const at = next[this.#window[i]]++;
      flow[at] = this.#flow[i];
      bytes[at] = this.#bytes[i];
      packets[at] = this.#packets[i];
      lastMs[at] = this.#lastMs[i];
    }
    return { ...this.#length, flows, offsets, flow, bytes, packets, lastMs };
  }

  #grow(): void {
    const length = Math.max(1024, this.#window.length * 2);
    this.#window = longer(this.#window, new Uint32Array(length));
    this.#flow = longer(this.#flow, new Uint32Array(length));
    this.#bytes = longer(this.#bytes, new Float64Array(length));
    this.#packets = longer(this.#packets, new Float64Array(length));
    this.#lastMs = longer(this.#lastMs, new Float32Array(length));
  }
}

function longer<T extends { set(from: T): void }>(old: T, next: T): T {
  next.set(old);
  return next;
}
