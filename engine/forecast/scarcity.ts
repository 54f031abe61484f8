import type { PortSnapshot } from '../model/port.ts';
import type { NodeState } from '../model/tick.ts';

/** Time constant of the bit share's smoothing, ms: the worth of flows must not fluctuate. */
const SMOOTHING_MS = 10_000;
/** Minimum of the CPU use in the formula: low loads of CPU and links must not shift the share. */
const MIN_CPU = 0.05;

/**
 * Computes the weight of bits against packets from the node's load. The vSwitch's work is per
 * packet: when CPU time is scarce, flows with many packets are worth an entry. When the NIC's ports
 * are nearly full and the CPUs are not, flows with many bits are.
 */
export class Scarcity {
  #bitShare: number | undefined;
  #atMs = Number.NEGATIVE_INFINITY;

  /** Weight of bits in the worth of flows, 0 to 1, as of the last update. */
  get bitShare(): number {
    return this.#bitShare ?? 0;
  }

  /** Updates the share to the node's load. Unknown loads count as low. */
  update(node: NodeState, ports: PortSnapshot, nowMs: number): void {
    const link = maxLinkUse(node, ports) ** 2;
    const cpu = Math.max(MIN_CPU, node.hostCpu ?? 0) ** 2;
    const share = link / (link + cpu);
    const elapsedMs = nowMs - this.#atMs;
    this.#atMs = nowMs;
    const before = this.#bitShare ?? share;
    this.#bitShare =
      before + (1 - Math.exp(-Math.max(0, elapsedMs) / SMOOTHING_MS)) * (share - before);
  }
}

/** Maximum link utilization of the NIC ports in either direction, 0 to 1. */
function maxLinkUse(node: NodeState, ports: PortSnapshot): number {
  let maxShare = 0;
  for (const [name, load] of node.portLoad) {
    const port = ports.get(name);
    const link = port?.linkBitsPerSecond;
    if (port?.kind !== 'uplink' || link === undefined || link <= 0) continue;
    maxShare = Math.max(maxShare, load.rxBitsPerSecond / link, load.txBitsPerSecond / link);
  }
  return Math.min(1, maxShare);
}
