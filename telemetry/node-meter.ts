import type { NodeState, PortLoad } from '../engine/model/tick.ts';
import type { HostSample } from '../engine/ports/host-source.ts';

/** Turns the host's cumulative counters into loads between two looks. */
export class NodeMeter {
  #last: { readonly sample: HostSample; readonly atMs: number } | undefined;
  #state: NodeState = { hostCpu: undefined, portLoad: new Map() };

  /** The node as of the last look. */
  get state(): NodeState {
    return this.#state;
  }

  /** Takes a look at `nowMs`; looks that are not later than the last one are ignored. */
  observe(sample: HostSample, nowMs: number): void {
    const last = this.#last;
    if (last !== undefined && nowMs <= last.atMs) return;
    this.#last = { sample, atMs: nowMs };
    if (last === undefined) return;
    const seconds = (nowMs - last.atMs) / 1000;
    const portLoad = new Map<string, PortLoad>();
    for (const [name, now] of sample.ports) {
      const before = last.sample.ports.get(name);
      if (before === undefined) continue;
      const rx = now.rxBytes - before.rxBytes;
      const tx = now.txBytes - before.txBytes;
      // A counter that went back belongs to another device of the same name.
      if (rx < 0 || tx < 0) continue;
      portLoad.set(name, {
        rxBitsPerSecond: (rx * 8) / seconds,
        txBitsPerSecond: (tx * 8) / seconds,
      });
    }
    this.#state = { hostCpu: hostCpu(last.sample, sample), portLoad };
  }
}

/** The host's own share of all CPUs between two looks: 1 - idle - guest, from 0 to 1. */
function hostCpu(before: HostSample, now: HostSample): number | undefined {
  const total = now.cpu.total - before.cpu.total;
  if (total <= 0) return undefined;
  const idle = now.cpu.idle - before.cpu.idle;
  const guest = now.cpu.guest - before.cpu.guest;
  return Math.min(1, Math.max(0, 1 - (idle + guest) / total));
}
