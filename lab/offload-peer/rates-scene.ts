import { type Random, seededRandom, shuffled } from './random.ts';
import type { RateStep, Scene } from './scene.ts';

/** How a scene is made in which long-lived flows exchange their rates. */
export interface RatesOptions {
  readonly seed: number;
  readonly entries: number;
  /** Competing flows. */
  readonly flows: number;
  /** Packets/s of all competing flows together. */
  readonly packetsPerSecond: number;
  readonly phases: number;
  /** Length of a phase; rates change between two. */
  readonly phaseMs: number;
  readonly probes: number;
}

/** Rate of the flow of rank n, from 1, is proportional to n ** -EXPONENT. */
const EXPONENT = 1.1;
/** Frames of calls, of web traffic and of bulk transfers; independent of a flow's packet rate. */
const FRAME_BYTES = [128, 512, 1_400];
/** Part of the flows that change ranks between two phases. */
const CHANGED = 0.25;
const FIRST_UDP_PORT = 10_000;
const PROBE_UDP_PORT = 20_000;
const PROBE = { packetsPerSecond: 40, frameBytes: 1_400 };

/** Flows with heavy-tailed rates that send all the time, and exchange their rates at each phase. */
export function makeRatesScene(options: RatesOptions): Scene {
  const { seed, flows, phases, phaseMs, probes } = options;
  const random = seededRandom(seed);
  const rates = ratesByRank(options);
  const numbers = Array.from({ length: flows }, (_, n) => n);
  let ranks = shuffled(numbers, random);
  const steps: RateStep[][] = numbers.map(() => []);
  for (let phase = 0; phase < phases; phase++) {
    if (phase > 0) ranks = someChanged(ranks, random);
    for (const n of numbers) {
      steps[n].push({ atMs: phase * phaseMs, packetsPerSecond: rates[ranks[n]] });
    }
  }
  const durationMs = phases * phaseMs;
  return {
    durationMs,
    entries: options.entries,
    flows: numbers.map((n) => ({
      udpPort: FIRST_UDP_PORT + n,
      frameBytes: FRAME_BYTES[Math.floor(random() * FRAME_BYTES.length)],
      offset: random(),
      steps: steps[n],
    })),
    probes: Array.from({ length: probes }, (_, n) => ({
      udpPort: PROBE_UDP_PORT + n,
      frameBytes: PROBE.frameBytes,
      offset: 0,
      steps: [
        {
          // At a random moment between two readings of either system.
          atMs: ((n + 1) * durationMs) / (probes + 1) + random() * 1_000,
          packetsPerSecond: PROBE.packetsPerSecond,
        },
      ],
    })),
  };
}

function ratesByRank({ flows, packetsPerSecond }: RatesOptions): readonly number[] {
  const weights = Array.from({ length: flows }, (_, rank) => (rank + 1) ** -EXPONENT);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => (packetsPerSecond * weight) / sum);
}

/** Some of the flows exchange their ranks. */
function someChanged(ranks: readonly number[], random: Random): readonly number[] {
  const chosen = ranks.map((_, n) => n).filter(() => random() < CHANGED);
  const exchanged = shuffled(chosen, random);
  const changed = [...ranks];
  for (const [i, n] of chosen.entries()) changed[n] = ranks[exchanged[i]];
  return changed;
}
