import { copied } from '../../../engine/model/columns.ts';

/**
 * Traffic in windows of equal length. Columns, with one element per flow and window in which it
 * sent: elements `offsets[w] .. offsets[w + 1)` are those of window `w`, in the order in which
 * connections were opened or, in a file, records start.
 */
export interface Trace {
  readonly windowMs: number;
  readonly windows: number;
  /** Warm-up windows at the start, in which tables fill and estimates settle. */
  readonly warmUpWindows: number;
  /** Number of flows; they are numbered from 0 in the order of first packets. */
  readonly flows: number;
  /** By flow: the service that its headers belong to: an application, and the direction. */
  readonly serviceOf: Uint16Array;
  readonly offsets: Uint32Array;
  readonly flow: Uint32Array;
  /** Bytes with the L2 header, and packets, that the flow sent in the window. */
  readonly bytes: Float64Array;
  readonly packets: Float64Array;
  /** Time of its last packet of the window, ms from the window's start. */
  readonly lastMs: Float32Array;
}

/** Length of a trace in windows. */
export interface TraceLength {
  readonly windowMs: number;
  readonly windows: number;
  readonly warmUpWindows: number;
}

/** Collects traffic of flows and sorts it by window. */
export class TraceBuilder {
  #count = 0;
  #window = new Uint32Array(0);
  #flow = new Uint32Array(0);
  #bytes = new Float64Array(0);
  #packets = new Float64Array(0);
  #lastMs = new Float32Array(0);

  /**
   * Adds traffic of `flow` in `window`; several calls are summed.
   *
   * @param lastMs time of the last of these packets, ms from the window's start
   */
  add(window: number, flow: number, bytes: number, packets: number, lastMs: number): void {
    const at = this.#count++;
    if (at >= this.#window.length) this.#grow();
    this.#window[at] = window;
    this.#flow[at] = flow;
    this.#bytes[at] = bytes;
    this.#packets[at] = packets;
    this.#lastMs[at] = lastMs;
  }

  /**
   * Builds the trace, in the order of adding within a window.
   *
   * @param serviceOf service by flow; left out: one for all
   */
  build(
    length: TraceLength,
    flows: number,
    serviceOf: Uint16Array = new Uint16Array(flows),
  ): Trace {
    const order = this.#byWindow(length.windows);
    const offsets = new Uint32Array(length.windows + 1);
    const flow = new Uint32Array(this.#count);
    const bytes = new Float64Array(this.#count);
    const packets = new Float64Array(this.#count);
    const lastMs = new Float32Array(this.#count);
    /** 1 + last position of each flow; it belongs to this window when beyond the window's start. */
    const place = new Uint32Array(flows);
    let n = 0;
    for (const i of order) {
      const window = this.#window[i];
      // Later windows are still empty, so the next one starts at the current position.
      if (offsets[window + 1] === 0) offsets[window] = n;
      let at = place[this.#flow[i]] - 1;
      if (at < offsets[window]) at = n++;
      place[this.#flow[i]] = at + 1;
      flow[at] = this.#flow[i];
      bytes[at] += this.#bytes[i];
      packets[at] += this.#packets[i];
      lastMs[at] = Math.max(lastMs[at], this.#lastMs[i]);
      offsets[window + 1] = n;
    }
    for (let w = 1; w <= length.windows; w++) offsets[w] = Math.max(offsets[w], offsets[w - 1]);
    return {
      ...length,
      flows,
      serviceOf,
      offsets,
      flow: flow.subarray(0, n),
      bytes: bytes.subarray(0, n),
      packets: packets.subarray(0, n),
      lastMs: lastMs.subarray(0, n),
    };
  }

  /**
   * Indices of the added elements, sorted by window (counting sort: the order of adding is kept).
   */
  #byWindow(windows: number): Uint32Array {
    const next = new Uint32Array(windows + 1);
    for (let i = 0; i < this.#count; i++) next[this.#window[i] + 1]++;
    for (let w = 0; w < windows; w++) next[w + 1] += next[w];
    const order = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i++) order[next[this.#window[i]]++] = i;
    return order;
  }

  #grow(): void {
    const length = Math.max(1024, this.#window.length * 2);
    this.#window = copied(this.#window, new Uint32Array(length));
    this.#flow = copied(this.#flow, new Uint32Array(length));
    this.#bytes = copied(this.#bytes, new Float64Array(length));
    this.#packets = copied(this.#packets, new Float64Array(length));
    this.#lastMs = copied(this.#lastMs, new Float32Array(length));
  }
}
