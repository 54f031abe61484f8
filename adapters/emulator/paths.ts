import { NONE, type FlowStore } from './flow-store.ts';
import type { NicTable } from './nic-table.ts';
import { sameActions } from './nic-table.ts';
import type { NodePorts } from './node-ports.ts';
import type { Vswitch } from './vswitch.ts';

/** Sums over everything sent since the start. */
export interface NodeTotals {
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly vswitchPackets: number;
  readonly vswitchBytes: number;
  readonly nicPackets: number;
  readonly nicBytes: number;
  /** Packets the NIC treated otherwise than the vSwitch would have at that moment. */
  readonly untruePackets: number;
}

/**
 * The two ways through the node. Decides for every packet which it takes: the NIC when it has an
 * entry and the lease runs, save one packet a flow a heartbeat; the vSwitch otherwise.
 */
export class Paths {
  /** Packets sent since the start, over both. */
  sentPackets = 0;

  readonly #flows: FlowStore;
  readonly #nic: NicTable;
  readonly #vswitch: Vswitch;
  readonly #ports: NodePorts;
  readonly #heartbeatMs: number;
  /** By slot: ports the NIC sends to, and 1 where that is not what the vSwitch would do. */
  readonly #nicOut: (readonly number[])[] = [];
  readonly #untrue: Uint8Array;
  #sentBytes = 0;
  #nicPackets = 0;
  #nicBytes = 0;
  #untruePackets = 0;

  constructor(
    flows: FlowStore,
    nic: NicTable,
    vswitch: Vswitch,
    ports: NodePorts,
    heartbeatMs: number,
  ) {
    this.#flows = flows;
    this.#nic = nic;
    this.#vswitch = vswitch;
    this.#ports = ports;
    this.#heartbeatMs = heartbeatMs;
    this.#untrue = new Uint8Array(nic.entries);
  }

  /** True when the NIC takes the flow's packets at `nowMs`. */
  onNic(row: number, nowMs: number): boolean {
    return this.#flows.slot[row] !== NONE && nowMs < this.#nic.leaseUntilMs;
  }

  /** True when the path that the flow takes at `nowMs` drops its packets. */
  drops(row: number, nowMs: number): boolean {
    const flows = this.#flows;
    const out = this.onNic(row, nowMs) ? this.#nicOut[flows.slot[row]] : flows.outPorts[row];
    return out.length === 0;
  }

  /**
   * Carries packets of a flow.
   *
   * @param bytes of all packets together, with the L2 header
   * @param first bytes of the first packet
   */
  carry(row: number, packets: number, bytes: number, first: number, nowMs: number): void {
    this.sentPackets += packets;
    this.#sentBytes += bytes;
    const into = this.#ports.all[this.#flows.inPort[row]];
    into.rxPackets += packets;
    into.rxBytes += bytes;
    if (!this.onNic(row, nowMs)) {
      this.#byVswitch(row, packets, bytes, nowMs);
      return;
    }
    const slot = this.#flows.slot[row];
    let nicPackets = packets;
    let nicBytes = bytes;
    if (this.#heartbeatMs > 0 && nowMs - this.#nic.heartbeatAtMs[slot] >= this.#heartbeatMs) {
      this.#nic.heartbeatAtMs[slot] = nowMs;
      this.#byVswitch(row, 1, first, nowMs);
      nicPackets--;
      nicBytes -= first;
    }
    for (const number of this.#nicOut[slot]) {
      const port = this.#ports.all[number];
      port.txPackets += nicPackets;
      port.txBytes += nicBytes;
      port.nicTxPackets += nicPackets;
    }
    this.#nic.packets[slot] += nicPackets;
    this.#nic.bytes[slot] += nicBytes;
    if (nicPackets > 0) this.#nic.lastAtMs[slot] = nowMs;
    this.#nicPackets += nicPackets;
    this.#nicBytes += nicBytes;
    if (this.#untrue[slot] === 1) this.#untruePackets += nicPackets;
  }

  /** Recomputes which entry serves the flow, after a change of entry, actions or ports. */
  rebind(row: number): void {
    const flows = this.#flows;
    const slot = this.#nic.find(flows.idAt(row));
    const entry = this.#nic.at(slot);
    const inPort = flows.inPort[row];
    const info = this.#ports.all[inPort]?.info;
    if (entry === undefined || info === undefined || info.ifindex !== entry.inIfindex) {
      flows.slot[row] = NONE;
      return;
    }
    flows.slot[row] = slot;
    this.#nicOut[slot] = entry.outIfindexes
      .map((ifindex) => this.#ports.numberOfIfindex(ifindex))
      .filter((port) => port !== NONE);
    this.#untrue[slot] = sameActions(entry.flow.actions, flows.actions[row]) ? 0 : 1;
  }

  totals(): NodeTotals {
    return {
      sentPackets: this.sentPackets,
      sentBytes: this.#sentBytes,
      vswitchPackets: this.#vswitch.packets,
      vswitchBytes: this.#vswitch.bytes,
      nicPackets: this.#nicPackets,
      nicBytes: this.#nicBytes,
      untruePackets: this.#untruePackets,
    };
  }

  #byVswitch(row: number, packets: number, bytes: number, nowMs: number): void {
    this.#vswitch.carry(row, packets, bytes, nowMs);
    for (const number of this.#flows.outPorts[row]) {
      const port = this.#ports.all[number];
      port.txPackets += packets;
      port.txBytes += bytes;
    }
  }
}
