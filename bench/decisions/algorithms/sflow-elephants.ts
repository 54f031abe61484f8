import type { Algorithm, AlgorithmFamily } from '../game/algorithm.ts';
import type { Trace } from '../traces/trace.ts';
import { kthLargest } from '../../../engine/model/select.ts';
import { inWindow, Threshold } from './threshold.ts';

/** The script's link speed, bits/s; threshold, share of the link; measuring interval; time-out. */
const LINK_BITS_PER_SECOND = 10e9;
const SHARE = 0.1;
const OVER_MS = 200;
const IDLE_MS = 2_000;

/**
 * sFlow-RT's script for elephants (InMon, "Large flow detection script", blog.sflow.com, 2013): a
 * flow above 10% of the link over 0.2 s is marked until it was silent for 2 s. The script samples;
 * here it gets exact counters. In a longer window a flow is marked when it sent as much as 0.2 s at
 * the threshold, because it may have sent it in 0.2 s.
 */
export const SFLOW_ELEPHANTS: Algorithm = {
  name: 'sflow-elephants',
  create: ({ flows, windowMs }) => {
    const overMs = Math.min(windowMs, OVER_MS);
    const bytes = (((LINK_BITS_PER_SECOND * SHARE) / 8) * overMs) / 1000;
    return new Threshold(flows, 'bytes', inWindow(bytes), IDLE_MS);
  },
};

/** Flows above the threshold in a window, as multiples of the entries. */
const MULTIPLES = [0.25, 0.5, 1, 2, 4];

/**
 * The same with the best threshold in hindsight, among those that a quarter, a half, one, two and
 * four times as many flows as entries exceed in the average window. No operator can tune as well
 * without knowing the traffic in advance.
 */
export const TUNED_ELEPHANTS: AlgorithmFamily = {
  name: 'elephants-tuned',
  members: (trace, entries) =>
    MULTIPLES.map((multiple) => {
      const bytes = thresholdFor(trace, multiple * entries);
      return {
        name: 'elephants-tuned',
        create: ({ flows }) => new Threshold(flows, 'bytes', inWindow(bytes), IDLE_MS),
      };
    }),
};

/** The bytes per window that `flows` flows exceed in the average window. */
function thresholdFor({ bytes, windows }: Trace, flows: number): number {
  const rank = Math.ceil(flows * windows);
  return rank >= bytes.length ? 1 : kthLargest(bytes.slice(), bytes.length, rank);
}
