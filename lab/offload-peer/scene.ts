import { type Random, seededRandom, shuffled } from './random.ts';

/** A time from which a flow sends at a rate. */
export interface RateStep {
  readonly atMs: number;
  readonly packetsPerSecond: number;
}

/** A UDP flow: what has one destination port. */
export interface SceneFlow {
  readonly udpPort: number;
  /** Length of its frames, with the Ethernet header. */
  readonly frameBytes: number;
  /** When it sends first, as a part of its interval. */
  readonly offset: number;
  readonly steps: readonly RateStep[];
}

/**
 * The traffic of an experiment, the same for all systems. Flows compete for too few entries, their
 * rates are heavy-tailed and change over time. Probes begin while the table is contended, and then
 * send more than most flows: the time until the NIC carries them is the time of reaction.
 */
export interface Scene {
  readonly durationMs: number;
  /** Entries of the NIC's table. */
  readonly entries: number;
  readonly flows: readonly SceneFlow[];
  readonly probes: readonly SceneFlow[];
}

/** How a scene is made. */
export interface SceneOptions {
  readonly seed: number;
  readonly entries: number;
  /** Competing flows. */
  readonly flows: number;
  /** Packets/s of all competing flows together. */
  readonly packetsPerSecond: number;
  readonly phases: number;
  /** Length of a phase; ranks change between two. */
  readonly phaseMs: number;
  readonly probes: number;
}

/** 64 entries, six flows for each, for a minute. */
export const FULL_SCENE: SceneOptions = {
  seed: 1,
  entries: 64,
  flows: 384,
  packetsPerSecond: 400,
  phases: 12,
  phaseMs: 5_000,
  probes: 4,
};

/** The same contention with fewer flows, for a test. */
export const QUICK_SCENE: SceneOptions = {
  ...FULL_SCENE,
  entries: 16,
  flows: 96,
  packetsPerSecond: 200,
  phases: 5,
  probes: 1,
};

/** Rate of the flow of rank n, from 1, is proportional to n ** -EXPONENT. */
const EXPONENT = 1.1;
/** Frames of calls, of web traffic and of bulk transfers; independent of a flow's packet rate. */
const FRAME_BYTES = [128, 512, 1_400];
/** Part of the flows that change ranks between two phases. */
const CHANGED = 0.25;
const FIRST_UDP_PORT = 10_000;
const PROBE_UDP_PORT = 20_000;
const PROBE = { packetsPerSecond: 40, frameBytes: 1_400 };

export function makeScene(options: SceneOptions): Scene {
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

function ratesByRank({ flows, packetsPerSecond }: SceneOptions): readonly number[] {
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

/** Bytes that a flow sends in the whole scene. */
export function scheduledBytes({ steps, frameBytes }: SceneFlow, durationMs: number): number {
  return steps.reduce((sum, { atMs, packetsPerSecond }, n) => {
    const endMs = steps[n + 1]?.atMs ?? durationMs;
    return sum + ((endMs - atMs) / 1_000) * packetsPerSecond * frameBytes;
  }, 0);
}
