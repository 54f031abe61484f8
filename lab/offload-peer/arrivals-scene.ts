import { type Random, seededRandom } from './random.ts';
import type { Scene, SceneFlow } from './scene.ts';

/** How a scene is made in which flows come and go. */
export interface ArrivalsOptions {
  readonly seed: number;
  readonly entries: number;
  readonly durationMs: number;
  /** Small flows that begin in a second. */
  readonly smallPerSecond: number;
  /** Large flows that begin in a second. */
  readonly largePerSecond: number;
}

/** A call: four packets in two seconds. */
const SMALL = { packetsPerSecond: 2, durationMs: 2_000, frameBytes: [128, 512] };
/**
 * A transfer. Its length in ms is log-uniform. In a data centre, four of five flows last less than 10 s, and more than
 * half of the bytes are in flows that last less than 25 s (Kandula et al., The Nature of Datacenter Traffic, 2009).
 */
const LARGE = { packetsPerSecond: 20, shortestMs: 1_000, longestMs: 25_000, frameBytes: 1_400 };
const SMALL_UDP_PORT = 10_000;
const LARGE_UDP_PORT = 20_000;

/** Many small flows that keep the table full, and fewer large flows that arrive then. The large flows are the probes. */
export function makeArrivalsScene(options: ArrivalsOptions): Scene {
  const { durationMs, entries } = options;
  const random = seededRandom(options.seed);
  const large = arrivals(options.largePerSecond, durationMs, random);
  const small = arrivals(options.smallPerSecond, durationMs, random);
  return {
    durationMs,
    entries,
    flows: small.map((atMs, n): SceneFlow => {
      const frameBytes = SMALL.frameBytes[Math.floor(random() * SMALL.frameBytes.length)];
      const { packetsPerSecond } = SMALL;
      return flow(SMALL_UDP_PORT + n, frameBytes, packetsPerSecond, atMs, SMALL.durationMs);
    }),
    probes: large.map((atMs, n): SceneFlow => {
      const { shortestMs, longestMs, frameBytes, packetsPerSecond } = LARGE;
      const lengthMs = shortestMs * (longestMs / shortestMs) ** random();
      return flow(LARGE_UDP_PORT + n, frameBytes, packetsPerSecond, atMs, lengthMs);
    }),
  };
}

/** Times at which flows begin: independent of each other, `perSecond` on average. */
function arrivals(perSecond: number, durationMs: number, random: Random): readonly number[] {
  const times: number[] = [];
  let atMs = 0;
  for (;;) {
    atMs -= (1_000 / perSecond) * Math.log(1 - random());
    if (atMs >= durationMs) return times;
    times.push(atMs);
  }
}

/** A flow that sends its first packet when it begins. */
function flow(
  udpPort: number,
  frameBytes: number,
  packetsPerSecond: number,
  atMs: number,
  lengthMs: number,
): SceneFlow {
  const end = { atMs: atMs + lengthMs, packetsPerSecond: 0 };
  return { udpPort, frameBytes, offset: 0, steps: [{ atMs, packetsPerSecond }, end] };
}
