import type { Sfc32 } from '../../../adapters/emulator/random.ts';
import type { WindowView } from '../game/algorithm.ts';

/** What is sampled: each packet, or each byte, is as likely as any other. */
export type SampledUnit = 'packets' | 'bytes';

/** Steps per ms of the time of a sample, and the flows that fit beside it in a double. */
const STEPS_PER_MS = 1_000;
const MAX_FLOWS = 2 ** 26;

/**
 * The flows of samples of a window, in the order of their times. A window's counters do not say when
 * a flow's packets came: they are taken as spread evenly up to its last one.
 *
 * @param count number of samples, at most the number of packets
 */
export function samplesOf(
  view: WindowView,
  count: number,
  random: Sfc32,
  unit: SampledUnit = 'packets',
): Uint32Array {
  const { senders, packets, lastMs } = view;
  const amounts = view[unit];
  let all = 0;
  let max = 0;
  for (let i = 0; i < senders.length; i++) {
    all += amounts[i];
    max += packets[i];
  }
  const wanted = Math.min(Math.floor(max), Math.round(count));
  const timed = new Float64Array(wanted);
  // Systematic sampling: every all/wanted-th unit from a random one on.
  const step = all / wanted;
  let next = random.uniform() * step;
  let passed = 0;
  let n = 0;
  for (let i = 0; i < senders.length && n < wanted; i++) {
    passed += amounts[i];
    while (n < wanted && next < passed) {
      const at = Math.floor(random.uniform() * lastMs[i] * STEPS_PER_MS);
      timed[n++] = at * MAX_FLOWS + senders[i];
      next += step;
    }
  }
  const inOrder = timed.subarray(0, n).sort();
  return Uint32Array.from(inOrder, (sample) => sample - Math.floor(sample / MAX_FLOWS) * MAX_FLOWS);
}
