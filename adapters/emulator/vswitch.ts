import type { FlowStore } from './flow-store.ts';
import type { NodeSettings } from './options.ts';

const NS_PER_MS = 1e6;

/**
 * The emulated vSwitch: megaflows whose counters cover only its own traffic, and the host CPU time
 * that it uses.
 */
export class Vswitch {
  /** CPU time spent since the start, ns. */
  cpuNs = 0;
  /** Packets and bytes carried since the start, over all flows. */
  packets = 0;
  bytes = 0;

  readonly #flows: FlowStore;
  readonly #settings: NodeSettings;
  /** Work beyond the capacity of its CPUs so far, ns. */
  #backlogNs = 0;
  #stepNs = 0;

  constructor(flows: FlowStore, settings: NodeSettings) {
    this.#flows = flows;
    this.#settings = settings;
  }

  /** CPU time that a step of `stepMs` has left for packets, ns. */
  budgetNs(stepMs: number): number {
    return Math.max(0, this.#capacityNs(stepMs) - this.#backlogNs);
  }

  /**
   * Carries packets of a flow. Without a megaflow, the first causes an upcall that installs one.
   */
  carry(row: number, packets: number, bytes: number, nowMs: number): void {
    const flows = this.#flows;
    if (flows.listed[row] === 0) {
      flows.listed[row] = 1;
      flows.packets[row] = 0;
      flows.bytes[row] = 0;
      this.#stepNs += this.#settings.nsPerUpcall;
    }
    flows.packets[row] += packets;
    flows.bytes[row] += bytes;
    flows.usedAtMs[row] = nowMs;
    this.packets += packets;
    this.bytes += bytes;
    this.#stepNs += packets * this.#settings.nsPerPacket;
  }

  /** Charges the CPU time of the ending step, at most the capacity of its CPUs. */
  endStep(stepMs: number): void {
    const due = this.#backlogNs + this.#stepNs;
    const done = Math.min(due, this.#capacityNs(stepMs));
    this.cpuNs += done;
    this.#backlogNs = due - done;
    this.#stepNs = 0;
  }

  /** Deletes megaflows without packets for the idle time-out, and flows without a sender. */
  revalidate(nowMs: number): void {
    const flows = this.#flows;
    const oldest = nowMs - this.#settings.maxIdleMs;
    for (let row = 0; row < flows.used; row++) {
      if (flows.listed[row] === 1 && flows.usedAtMs[row] <= oldest) flows.listed[row] = 0;
      if (flows.listed[row] === 0 && flows.attached[row] === 0 && flows.has(row)) {
        flows.remove(row);
      }
    }
  }

  /** Deletes all megaflows, as a restart of vswitchd does. */
  restart(): void {
    this.#flows.listed.fill(0);
  }

  #capacityNs(stepMs: number): number {
    return this.#settings.vswitchCpus * stepMs * NS_PER_MS;
  }
}
