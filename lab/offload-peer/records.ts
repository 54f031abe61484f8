import type { Scene, SceneFlow } from './scene.ts';

const HEAD = 'start_s,duration_s,bytes,packets,src,dst,proto,sport,dport\n';
const UDP = 17;

/**
 * A scene as flow records, for `npm run bench -- decisions --trace`: one for each time in which a flow keeps its rate,
 * in the order of their starts.
 */
export function recordsOf({ flows, probes, durationMs }: Scene): string {
  const records = [...flows, ...probes].flatMap((flow) => recordsOfFlow(flow, durationMs));
  records.sort((a, b) => a.startMs - b.startMs);
  return HEAD + records.map(({ line }) => line).join('');
}

function recordsOfFlow({ steps, frameBytes, udpPort }: SceneFlow, durationMs: number) {
  return steps.flatMap(({ atMs, packetsPerSecond }, n) => {
    const endMs = Math.min(steps[n + 1]?.atMs ?? durationMs, durationMs);
    const seconds = (endMs - atMs) / 1_000;
    const packets = Math.round(packetsPerSecond * seconds);
    if (packets <= 0) return [];
    const times = `${atMs / 1_000},${seconds}`;
    const tuple = `10.9.0.1,10.9.0.2,${UDP},9,${udpPort}`;
    return [{ startMs: atMs, line: `${times},${packets * frameBytes},${packets},${tuple}\n` }];
  });
}
