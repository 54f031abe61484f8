import type { Sfc32 } from '../../../adapters/emulator/random.ts';
import type { WindowView } from '../game/algorithm.ts';

/**
 * The flows of sampled packets of a window, in the order of sampling: each packet is as likely as
 * any other, packets of all flows mixed.
 *
 * @param count number of samples, at most the number of packets
 */
export function samplesOf(view: WindowView, count: number, random: Sfc32): Uint32Array {
  const { senders, packets } = view;
  let all = 0;
  for (const n of packets) all += n;
  const wanted = Math.min(all, Math.round(count));
  const samples = new Uint32Array(wanted);
  // Systematic sampling: every all/wanted-th packet from a random one on, then shuffled.
  const step = all / wanted;
  let next = random.uniform() * step;
  let passed = 0;
  let n = 0;
  for (let i = 0; i < senders.length && n < wanted; i++) {
    passed += packets[i];
    while (n < wanted && next < passed) {
      samples[n++] = senders[i];
      next += step;
    }
  }
  for (let i = n - 1; i > 0; i--) {
    const other = random.below(i + 1);
    const swap = samples[i];
    samples[i] = samples[other];
    samples[other] = swap;
  }
  return samples.subarray(0, n);
}
