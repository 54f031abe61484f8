import type { CpuTimes } from '../../engine/ports/host-source.ts';
import type { NodeSettings } from './options.ts';

const NS_PER_MS = 1e6;
/** USER_HZ is 100: a clock tick of /proc/stat is 10 ms. */
const NS_PER_CLOCK_TICK = 10 * NS_PER_MS;
/** Other work of the host, as a share of all its CPUs. */
const BACKGROUND_SHARE = 0.01;
/** Guest time: a share of one CPU per VM, and time per packet that a VM handles. */
const GUEST_SHARE = 0.04;
const GUEST_NS_PER_PACKET = 600;

/** CPU time of the host, cumulative as in /proc/stat. */
export class HostCpu {
  readonly #settings: NodeSettings;
  #totalNs = 0;
  #idleNs = 0;
  #guestNs = 0;

  constructor(settings: NodeSettings) {
    this.#settings = settings;
  }

  /** Adds one step in which the vSwitch used `vswitchNs` and VMs handled `packets` packets. */
  step(vswitchNs: number, packets: number): void {
    const s = this.#settings;
    const total = s.hostCpus * s.stepMs * NS_PER_MS;
    const host = Math.min(total, vswitchNs + BACKGROUND_SHARE * total);
    const wanted = s.vms * GUEST_SHARE * s.stepMs * NS_PER_MS + packets * GUEST_NS_PER_PACKET;
    const guest = Math.min(total - host, wanted);
    this.#totalNs += total;
    this.#guestNs += guest;
    this.#idleNs += total - host - guest;
  }

  times(): CpuTimes {
    return {
      total: Math.floor(this.#totalNs / NS_PER_CLOCK_TICK),
      idle: Math.floor(this.#idleNs / NS_PER_CLOCK_TICK),
      guest: Math.floor(this.#guestNs / NS_PER_CLOCK_TICK),
    };
  }
}
