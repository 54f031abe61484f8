import { Sfc32 } from '../../../adapters/emulator/random.ts';
import type { AlgorithmFamily } from '../game/algorithm.ts';
import { Threshold } from './threshold.ts';

/** Time-out of entries, as in the scripts for elephants. */
const IDLE_MS = 2_000;
/** Packets, or multiples of this many bytes, after which flows are admitted. */
const PACKETS = [1, 8, 64, 512, 4_096];
const BYTES_PER_PACKET = 1_000;
const SEED = 1;

/**
 * Admission after N packets or bytes (Jurkiewicz, Boundaries of Flow Table Usage Reduction
 * Algorithms Based on Elephant Flow Detection, arXiv 2005.00173): a flow gets an entry when it has
 * sent that much, and loses it when it is idle. The N of five that suits the trace best, chosen in
 * hindsight.
 */
export function admissionAfter(unit: 'bytes' | 'packets'): AlgorithmFamily {
  const name = `after-n-${unit}`;
  return {
    name,
    members: () =>
      thresholds(unit).map((threshold) => ({
        name,
        create: ({ flows }) =>
          new Threshold(flows, unit, ({ sinceBirth }) => sinceBirth >= threshold, IDLE_MS),
      })),
  };
}

/**
 * Admission by sampling, from the same paper: each packet (or byte) admits its flow with the same
 * probability. The probability of five that suits the trace best, chosen in hindsight.
 */
export function admissionBySampling(unit: 'bytes' | 'packets'): AlgorithmFamily {
  const name = `sampled-${unit}`;
  return {
    name,
    members: () =>
      thresholds(unit).map((mean) => ({
        name,
        create: ({ flows }) => {
          const random = new Sfc32(SEED);
          const isSampled = (units: number): boolean => random.uniform() >= (1 - 1 / mean) ** units;
          return new Threshold(flows, unit, ({ inWindow }) => isSampled(inWindow), IDLE_MS);
        },
      })),
  };
}

function thresholds(unit: 'bytes' | 'packets'): readonly number[] {
  return unit === 'packets' ? PACKETS : PACKETS.map((n) => n * BYTES_PER_PACKET);
}
