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
 * The traffic of an experiment, the same for all systems. Flows compete for too few entries. Probes begin while the
 * table is contended, and then send more than most flows: the time until the NIC carries them is the time of reaction.
 */
export interface Scene {
  readonly durationMs: number;
  /** Entries of the NIC's table. */
  readonly entries: number;
  readonly flows: readonly SceneFlow[];
  readonly probes: readonly SceneFlow[];
}

/** Bytes that a flow sends in the whole scene. */
export function scheduledBytes({ steps, frameBytes }: SceneFlow, durationMs: number): number {
  return steps.reduce((sum, { atMs, packetsPerSecond }, n) => {
    const endMs = Math.min(steps[n + 1]?.atMs ?? durationMs, durationMs);
    return sum + (Math.max(0, endMs - atMs) / 1_000) * packetsPerSecond * frameBytes;
  }, 0);
}

/**
 * Part of the bytes that the table carries if at every moment the flows with most bytes/s have the entries: no choice of
 * flows carries more.
 */
export function mostCarried({ durationMs, entries, flows, probes }: Scene): number {
  const all = [...flows, ...probes];
  const changes = all.flatMap(({ steps }) => steps.map(({ atMs }) => atMs));
  const times = [...new Set([0, ...changes, durationMs])].toSorted((a, b) => a - b);
  let carried = 0;
  let sent = 0;
  for (const [n, atMs] of times.entries()) {
    const endMs = times[n + 1];
    if (endMs === undefined || endMs > durationMs) break;
    const rates = all.map((flow) => bytesPerSecond(flow, atMs)).toSorted((a, b) => b - a);
    carried += (endMs - atMs) * sumOf(rates.slice(0, entries));
    sent += (endMs - atMs) * sumOf(rates);
  }
  return carried / sent;
}

function bytesPerSecond({ steps, frameBytes }: SceneFlow, atMs: number): number {
  const step = steps.findLast((one) => one.atMs <= atMs);
  return (step?.packetsPerSecond ?? 0) * frameBytes;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0);
}
