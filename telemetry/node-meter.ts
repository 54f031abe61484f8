import type { NodeState, PortLoad } from '../engine/model/tick.ts';
import type { HostSample } from '../engine/ports/host-source.ts';

/** Computes loads from the host's cumulative counters of two samples. */
export class NodeMeter {
  #last: { readonly sample: HostSample; readonly atMs: number } | undefined;
  #state: NodeState = { hostCpu: undefined, portLoad: new Map() };

  /** The node as of the last sample. */
  get state(): NodeState {
    return this.#state;
  }

  /** Adds a sample of `nowMs`; a sample that is not later than the last one is ignored. */
  addSample(sample: HostSample, nowMs: number): void {
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
      // A counter that decreased belongs to a new device of the same name.
      if (rx < 0 || tx < 0) continue;
      portLoad.set(name, {
        rxBitsPerSecond: (rx * 8) / seconds,
        txBitsPerSecond: (tx * 8) / seconds,
      });
    }
    this.#state = { hostCpu: hostCpu(last.sample, sample), portLoad };
  }
}

/** The host's own share of all CPUs between two samples: 1 - idle - guest, from 0 to 1. */
function hostCpu(before: HostSample, now: HostSample): number | undefined {
  const total = now.cpu.total - before.cpu.total;
  if (total <= 0) return undefined;
  const idle = now.cpu.idle - before.cpu.idle;
  const guest = now.cpu.guest - before.cpu.guest;
  return Math.min(1, Math.max(0, 1 - (idle + guest) / total));
}
