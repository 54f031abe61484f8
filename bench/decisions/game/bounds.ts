import { kthLargest } from '../../../engine/model/select.ts';
import type { Sightings } from '../traces/sightings.ts';
import type { Trace } from '../traces/trace.ts';

/** Coverage that cannot be exceeded, as shares of all bytes and of all packets. */
export interface Bound {
  readonly bytes: number;
  readonly packets: number;
}

/** The ceilings for a table size on a trace. */
export interface Bounds {
  /** Knows the next window: the best flows that send in it, also ones not seen before. */
  readonly clairvoyant: Bound;
  /** The same, limited to flows that the vSwitch has at the decision. */
  readonly reachable: Bound;
  /**
   * The best expectation without foresight, given the generator's model and everything drawn so
   * far. For generated traffic only. On a single trace an algorithm can exceed it by luck.
   */
  readonly informed?: Bound;
}

/** The lowest ceiling: the informed one, or else the reachable one. */
export function maxWithoutForesight({ informed, reachable }: Bounds): Bound {
  return informed ?? reachable;
}

/**
 * Computes the ceilings. A decision at a window's end places at most `entries` flows, and only
 * flows that the vSwitch has: the next window's coverage is at most the sum of the `entries`
 * largest of those. Bytes and packets are bounded separately; possibly no set of flows reaches
 * both.
 */
export function bounds(trace: Trace, seen: Sightings, entries: number, expected?: Trace): Bounds {
  const bytes = bestSums(trace, seen, entries, trace.bytes);
  const packets = bestSums(trace, seen, entries, trace.packets);
  return {
    clairvoyant: { bytes: bytes.any / bytes.all, packets: packets.any / packets.all },
    reachable: { bytes: bytes.known / bytes.all, packets: packets.known / packets.all },
    ...(expected === undefined
      ? {}
      : {
          informed: {
            bytes: informed(trace, seen, entries, expected, 'bytes') / bytes.all,
            packets: informed(trace, seen, entries, expected, 'packets') / packets.all,
          },
        }),
  };
}

interface Sums {
  all: number;
  any: number;
  known: number;
}

function bestSums(trace: Trace, seen: Sightings, entries: number, column: Float64Array): Sums {
  const { offsets, flow, windows, warmUpWindows } = trace;
  const sums: Sums = { all: 0, any: 0, known: 0 };
  /** 1 + the window in which the flow was last born. */
  const bornIn = new Uint32Array(trace.flows);
  let scratch = new Float64Array(0);
  for (let w = warmUpWindows; w < windows; w++) {
    for (let i = seen.bornOffsets[w]; i < seen.bornOffsets[w + 1]; i++) {
      bornIn[seen.born[i]] = w + 1;
    }
    const senders = offsets[w + 1] - offsets[w];
    if (scratch.length < senders) scratch = new Float64Array(senders * 2);
    let known = 0;
    for (let i = offsets[w]; i < offsets[w + 1]; i++) {
      sums.all += column[i];
      if (bornIn[flow[i]] !== w + 1) scratch[known++] = column[i];
    }
    sums.known += sumOfLargest(scratch, known, entries);
    scratch.set(column.subarray(offsets[w], offsets[w + 1]));
    sums.any += sumOfLargest(scratch, senders, entries);
  }
  return sums;
}

/** Sum of the traffic of the flows with the highest expectation in each window. */
function informed(
  trace: Trace,
  seen: Sightings,
  entries: number,
  expected: Trace,
  by: 'bytes' | 'packets',
): number {
  const { offsets, flow, windows, warmUpWindows } = trace;
  /** 1 while the vSwitch has the flow, by flow. */
  const known = new Uint8Array(trace.flows);
  /** 1 + the window in which the flow is placed, by flow. */
  const placedIn = new Uint32Array(trace.flows);
  let sum = 0;
  for (let w = 0; w < windows; w++) {
    if (w >= warmUpWindows) {
      place(expected, w, known, entries, by, placedIn);
      for (let i = offsets[w]; i < offsets[w + 1]; i++) {
        if (placedIn[flow[i]] === w + 1) sum += trace[by][i];
      }
    }
    for (let i = seen.bornOffsets[w]; i < seen.bornOffsets[w + 1]; i++) known[seen.born[i]] = 1;
    for (let i = seen.goneOffsets[w]; i < seen.goneOffsets[w + 1]; i++) known[seen.gone[i]] = 0;
  }
  return sum;
}

/** Marks the `entries` known flows with the highest expectation in the window. */
function place(
  expected: Trace,
  window: number,
  known: Uint8Array,
  entries: number,
  by: 'bytes' | 'packets',
  placedIn: Uint32Array,
): void {
  const from = expected.offsets[window];
  const to = expected.offsets[window + 1];
  const values = new Float64Array(to - from);
  let n = 0;
  for (let i = from; i < to; i++) if (known[expected.flow[i]] === 1) values[n++] = expected[by][i];
  const min = n > entries ? kthLargest(values, n, entries) : 0;
  let left = entries;
  for (let i = from; i < to && left > 0; i++) {
    const flow = expected.flow[i];
    if (known[flow] === 0 || expected[by][i] < min) continue;
    placedIn[flow] = window + 1;
    left--;
  }
}

/** The sum of the `k` largest of `values[0 .. n)`, which are reordered. */
function sumOfLargest(values: Float64Array, n: number, k: number): number {
  // The selection leaves the k largest in front.
  if (n > k) kthLargest(values, n, k);
  let sum = 0;
  for (let i = 0; i < Math.min(n, k); i++) sum += values[i];
  return sum;
}
