import type { CpuTimes } from '../engine/ports/host-source.ts';

/** USER_HZ: a clock tick of /proc/stat, ns. */
const CLOCK_TICK_NS = 1e7;
/** Looks are taken together for so long, s: packets are counted at another rhythm than CPU. */
const WINDOW_S = 3;
/** How long a window counts, s: what a packet costs changes with traffic and rules. */
const MEMORY_S = 600;
/** Windows, weighted by their age, without which nothing is said. */
const MIN_WINDOWS = 5;
/** Least spread of packets/s, relative to their mean, from which a slope can be told. */
const MIN_SPREAD = 0.02;

/**
 * Estimates what a packet on the vSwitch costs the host, by how the host's CPU time goes up and down
 * with the packets that the vSwitch sees: the slope of a line through the last minutes (least
 * squares, older windows weighing less). What the host does all the time is so left out. What
 * goes up and down with the same packets, such as the host's side of virtio, is not.
 */
export class PacketCost {
  #from: { readonly cpuNs: number; readonly packets: number; readonly atMs: number } | undefined;
  /** Sums over windows, weighted: of 1, packets/s, CPU ns/s, and their products. */
  #n = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  /** Nanoseconds of CPU for a packet; undefined while the traffic has not told. */
  get ns(): number | undefined {
    if (this.#n < MIN_WINDOWS) return undefined;
    const meanX = this.#x / this.#n;
    const varianceX = this.#xx / this.#n - meanX * meanX;
    const enough = varianceX > (MIN_SPREAD * meanX) ** 2;
    const slope = (this.#xy / this.#n - (meanX * this.#y) / this.#n) / varianceX;
    return enough && slope > 0 ? slope : undefined;
  }

  /**
   * Takes a look.
   *
   * @param packets what the vSwitch has forwarded up to now
   */
  observe(cpu: CpuTimes, packets: number, atMs: number): void {
    const cpuNs = (cpu.total - cpu.idle - cpu.guest) * CLOCK_TICK_NS;
    const from = this.#from;
    const seconds = from === undefined ? 0 : (atMs - from.atMs) / 1000;
    if (from !== undefined && seconds < WINDOW_S) return;
    this.#from = { cpuNs, packets, atMs };
    // A counter that went back: another boot, another vSwitch.
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
