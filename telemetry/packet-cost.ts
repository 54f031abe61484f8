import type { CpuTimes } from '../engine/ports/host-source.ts';

/** USER_HZ: a clock tick of /proc/stat, ns. */
const CLOCK_TICK_NS = 1e7;
/** Length of a window, s: long enough to even out the different update times of both counters. */
const WINDOW_S = 3;
/** Time constant of a window's weight, s: the cost of a packet changes with traffic and rules. */
const MEMORY_S = 600;
/** Minimum sum of the windows' weights for an estimate. */
const MIN_WINDOWS = 5;
/** Minimum standard deviation of packets/s, relative to their mean, for an estimate. */
const MIN_SPREAD = 0.02;

/**
 * Estimates the CPU cost of a packet on the vSwitch: the slope of a least-squares line through the
 * host's CPU time over the packets of the vSwitch in the last minutes, in which older windows weigh
 * less. Constant load of the host does not affect the slope. Load that varies with the same packets,
 * such as the host's side of virtio, is included.
 */
export class PacketCost {
  #from: { readonly cpuNs: number; readonly packets: number; readonly atMs: number } | undefined;
  /** Weighted sums over windows: of 1, packets/s (x), CPU ns/s (y), and their products. */
  #n = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  /** CPU time per packet, ns; undefined until there are enough samples. */
  get ns(): number | undefined {
    if (this.#n < MIN_WINDOWS) return undefined;
    const meanX = this.#x / this.#n;
    const varianceX = this.#xx / this.#n - meanX * meanX;
    const enough = varianceX > (MIN_SPREAD * meanX) ** 2;
    const slope = (this.#xy / this.#n - (meanX * this.#y) / this.#n) / varianceX;
    return enough && slope > 0 ? slope : undefined;
  }

  /**
   * Adds a sample.
   *
   * @param packets packets forwarded by the vSwitch so far
   */
  addSample(cpu: CpuTimes, packets: number, atMs: number): void {
    const cpuNs = (cpu.total - cpu.idle - cpu.guest) * CLOCK_TICK_NS;
    const from = this.#from;
    const seconds = from === undefined ? 0 : (atMs - from.atMs) / 1000;
    if (from !== undefined && seconds < WINDOW_S) return;
    this.#from = { cpuNs, packets, atMs };
    // A counter that decreased: the host or the vSwitch restarted.
    if (from === undefined || cpuNs < from.cpuNs || packets < from.packets) return;
    const x = (packets - from.packets) / seconds;
    const y = (cpuNs - from.cpuNs) / seconds;
    const kept = Math.exp(-seconds / MEMORY_S);
    this.#n = this.#n * kept + 1;
    this.#x = this.#x * kept + x;
    this.#y = this.#y * kept + y;
    this.#xx = this.#xx * kept + x * x;
    this.#xy = this.#xy * kept + x * y;
  }
}
