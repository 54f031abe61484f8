import type { NodeSettings } from './options.ts';
import { Sfc32 } from './random.ts';
import type { Topology, Vm } from './topology.ts';
import type { DrawnWorkload } from './transfers.ts';

/** The arrivals of one workload. */
export interface ArrivalProcess {
  readonly index: number;
  readonly drawn: DrawnWorkload;
  readonly vms: readonly Vm[];
  readonly random: Sfc32;
  readonly meanGapMs: number;
  nextAtMs: number;
}

/** One Poisson process per workload; together they offer the configured load. */
export function arrivalProcesses(
  settings: NodeSettings,
  topology: Topology,
  workloads: readonly DrawnWorkload[],
): ArrivalProcess[] {
  const shares = workloads.reduce((sum, w) => sum + w.workload.share, 0);
  const links = topology.uplinks.length * settings.linkBitsPerSecond;
  const bytesPerMs = (settings.load * links) / 8 / 1_000;
  const seeds = new Sfc32(settings.seed);
  return workloads.flatMap((drawn, index) => {
    const random = new Sfc32(seeds.next());
    const vms = topology.slices[index % topology.slices.length];
    const { share, transfersPerConnection } = drawn.workload;
    const meanGapMs = (drawn.sizes.mean * transfersPerConnection) / (bytesPerMs * (share / shares));
    if (vms.length === 0 || !Number.isFinite(meanGapMs)) return [];
    return [{ index, drawn, vms, random, meanGapMs, nextAtMs: random.exponential(meanGapMs) }];
  });
}
