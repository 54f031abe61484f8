import type { PortSnapshot } from '../model/port.ts';
import type { NodeState } from '../model/tick.ts';

/** Time constant with which the share follows the node, ms: what flows are worth must not flicker. */
const FOLLOW_MS = 10_000;
/** A node that does next to nothing lacks nothing: as if its CPUs were used by so much. */
const MIN_CPU = 0.05;

/**
 * Weighs bits against packets by what the node is short of. The vSwitch's work is per packet: where
 * its CPU time is scarce, flows with many packets are worth an entry. Where the NIC's ports are
 * nearly full and the CPUs are not, flows with many bits are.
 */
export class Scarcity {
  #bitShare: number | undefined;
  #atMs = Number.NEGATIVE_INFINITY;

  /** Share of bits in what flows are worth, 0 to 1, as of the last update. */
  get bitShare(): number {
    return this.#bitShare ?? 0;
  }

  /** Follows the node. What is not known of it counts as not scarce. */
  update(node: NodeState, ports: PortSnapshot, nowMs: number): void {
    const link = mostUsedLink(node, ports) ** 2;
    const cpu = Math.max(MIN_CPU, node.hostCpu ?? 0) ** 2;
    const share = link / (link + cpu);
    const elapsedMs = nowMs - this.#atMs;
    this.#atMs = nowMs;
    const before = this.#bitShare ?? share;
    this.#bitShare =
      before + (1 - Math.exp(-Math.max(0, elapsedMs) / FOLLOW_MS)) * (share - before);
  }
}

/** The largest share of its link that a NIC port uses in either direction, 0 to 1. */
function mostUsedLink(node: NodeState, ports: PortSnapshot): number {
  let most = 0;
  for (const [name, load] of node.portLoad) {
    const port = ports.get(name);
    const link = port?.linkBitsPerSecond;
    if (port?.kind !== 'uplink' || link === undefined || link <= 0) continue;
    most = Math.max(most, load.rxBitsPerSecond / link, load.txBitsPerSecond / link);
  }
  return Math.min(1, most);
}
