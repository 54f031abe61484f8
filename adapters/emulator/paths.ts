import { NONE, type FlowStore } from './flow-store.ts';
import type { NicTable } from './nic-table.ts';
import { sameActions } from './nic-table.ts';
import type { NodePorts } from './node-ports.ts';
import type { NodeSettings } from './options.ts';
import type { Vswitch } from './vswitch.ts';

/** Sums over everything sent since the start. */
export interface NodeTotals {
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly vswitchPackets: number;
  readonly vswitchBytes: number;
  readonly nicPackets: number;
  readonly nicBytes: number;
  /** Packets that the NIC handled differently from the vSwitch's actions at that time. */
  readonly mismatchedPackets: number;
}

/**
 * The two paths through the node. A packet takes the NIC when it has an entry and the lease is
 * valid, except for one packet per flow and heartbeat period; otherwise the vSwitch.
 */
export class Paths {
  /** Packets sent since the start, on both paths. */
  sentPackets = 0;

  readonly #flows: FlowStore;
  readonly #nic: NicTable;
  readonly #vswitch: Vswitch;
  readonly #ports: NodePorts;
  readonly #heartbeatMs: number;
  /** By number of a port: 1 where packets lack checksums, which the NIC cannot complete. */
  readonly #unfinished: Uint8Array;
  /** By slot: ports that the NIC sends to, and 1 where the vSwitch's actions differ. */
  readonly #nicOut: (readonly number[])[] = [];
  readonly #mismatched: Uint8Array;
  #sentBytes = 0;
  #nicPackets = 0;
  #nicBytes = 0;
  #mismatchedPackets = 0;

  constructor(
    flows: FlowStore,
    nic: NicTable,
    vswitch: Vswitch,
    ports: NodePorts,
    { heartbeatMs, unfinishedVms }: Pick<NodeSettings, 'heartbeatMs' | 'unfinishedVms'>,
  ) {
    this.#flows = flows;
    this.#nic = nic;
    this.#vswitch = vswitch;
    this.#ports = ports;
    this.#heartbeatMs = heartbeatMs;
    this.#mismatched = new Uint8Array(nic.entries);
    let vms = 0;
    this.#unfinished = Uint8Array.from(ports.all, ({ info }) =>
      info.kind === 'vm' && vms++ < unfinishedVms ? 1 : 0,
    );
  }

  /** True when the NIC handles the flow's packets at `nowMs`. */
  onNic(row: number, nowMs: number): boolean {
    const { slot, inPort } = this.#flows;
    const isEntry = slot[row] !== NONE && this.#unfinished[inPort[row]] !== 1;
    return isEntry && nowMs < this.#nic.leaseUntilMs;
  }

  /** True when the flow's path at `nowMs` drops its packets. */
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
    if (this.#mismatched[slot] === 1) this.#mismatchedPackets += nicPackets;
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
    this.#mismatched[slot] = sameActions(entry.flow.actions, flows.actions[row]) ? 0 : 1;
  }

  totals(): NodeTotals {
    return {
      sentPackets: this.sentPackets,
      sentBytes: this.#sentBytes,
      vswitchPackets: this.#vswitch.packets,
      vswitchBytes: this.#vswitch.bytes,
      nicPackets: this.#nicPackets,
      nicBytes: this.#nicBytes,
      mismatchedPackets: this.#mismatchedPackets,
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
