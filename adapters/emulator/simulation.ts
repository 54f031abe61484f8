import type { FlowActions } from '../../engine/model/action.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import { Arrivals } from './arrivals.ts';
import { FlowStore, NONE } from './flow-store.ts';
import { HostCpu } from './host-cpu.ts';
import { NicTable } from './nic-table.ts';
import { UnknownPort } from './node-ports.ts';
import type { NodeSettings } from './options.ts';
import { Paths } from './paths.ts';
import { SizeDistribution } from './sizes.ts';
import { buildTopology, type Topology } from './topology.ts';
import { Transfers } from './transfers.ts';
import { Vswitch } from './vswitch.ts';

/** Period of the vSwitch's check for idle megaflows, ms (OVS: max-revalidator). */
const REVALIDATE_MS = 500;

/** The node has no free row for a flow. */
export class TooManyFlows extends Error {
  override readonly name = 'TooManyFlows';
}

/**
 * The state of the emulated node, and its steps.
 *
 * Time advances in fixed steps from the node's creation; each access first advances the node to the
 * clock. A step depends only on the seed, the earlier steps and the operations between them, not on
 * when or how often the node is read.
 */
export class Simulation {
  readonly settings: NodeSettings;
  readonly topology: Topology;
  readonly flows: FlowStore;
  readonly nic: NicTable;
  readonly vswitch: Vswitch;
  readonly paths: Paths;
  readonly transfers: Transfers;
  readonly arrivals: Arrivals;
  readonly cpu: HostCpu;
  /** What the rules do with a flow, by ufid, where its megaflow does not follow them. */
  readonly rules = new Map<string, FlowActions>();

  readonly #originMs: number;
  #steps = 0;
  #nextRevalidateMs = REVALIDATE_MS;

  constructor(settings: NodeSettings) {
    this.settings = settings;
    this.topology = buildTopology(settings);
    const { ports } = this.topology;
    this.flows = new FlowStore(settings.maxFlows, ports);
    this.nic = new NicTable(settings.tableEntries, settings.probeDepth, settings.tableMasks);
    this.vswitch = new Vswitch(this.flows, settings);
    this.paths = new Paths(this.flows, this.nic, this.vswitch, ports, settings);
    const workloads = settings.workloads.map((workload) => ({
      workload,
      sizes: new SizeDistribution(workload.sizes),
    }));
    this.transfers = new Transfers(this.flows, this.paths, this.vswitch, workloads, settings);
    this.arrivals = new Arrivals(
      settings,
      this.topology,
      workloads,
      this.flows,
      this.paths,
      this.transfers,
    );
    this.cpu = new HostCpu(settings);
    this.#originMs = settings.clock.now() - settings.warmUpMs;
  }

  /** Advances the node to the clock; returns the time of the emulation, ms. */
  advance(): number {
    const nowMs = this.settings.clock.now() - this.#originMs;
    const { stepMs } = this.settings;
    while ((this.#steps + 1) * stepMs <= nowMs) this.#step(++this.#steps * stepMs);
    return nowMs;
  }

  /** Recomputes which NIC entry serves a flow, after one was installed or removed. */
  rebind(id: FlowId): void {
    const row = this.flows.rowOf(id);
    if (row !== NONE) this.paths.rebind(row);
  }

  /** Changes a flow's actions in the vSwitch; false when the flow is unknown. */
  changeActions(id: FlowId, actions: FlowActions): boolean {
    this.advance();
    const row = this.flows.rowOf(id);
    if (row === NONE) return false;
    this.flows.setActions(row, actions);
    this.paths.rebind(row);
    return true;
  }

  /**
   * Sends packets of a flow immediately. A new flow gets the given match and actions.
   *
   * @throws UnknownPort when its input port does not exist
   * @throws TooManyFlows when the node has no free row for it
   */
  send(flow: FlowSpec, packets: number, bytesEach: number): void {
    const nowMs = this.advance();
    if (this.topology.ports.numberOf(flow.match.inPort) === NONE) {
      throw new UnknownPort(`cannot send to ${flow.match.inPort}: no such port`);
    }
    let row = this.flows.rowOf(flow.id);
    if (row === NONE) {
      row = this.flows.add(flow);
      if (row === NONE)
        throw new TooManyFlows(`all ${this.settings.maxFlows} rows for flows are in use`);
      this.flows.attached[row] = 0;
      this.paths.rebind(row);
    }
    this.paths.carry(row, packets, packets * bytesEach, bytesEach, nowMs);
  }

  /** Removes a port: its connections end and its megaflows are deleted immediately. */
  removePort(name: string): void {
    this.advance();
    const { flows, transfers } = this;
    const port = this.topology.ports.remove(name);
    const touches = (row: number) =>
      flows.inPort[row] === port || flows.outPorts[row].includes(port);
    transfers.endWhere(touches);
    for (let row = 0; row < flows.used; row++) {
      if (flows.has(row) && touches(row)) flows.remove(row);
      else if (flows.has(row)) this.paths.rebind(row);
    }
  }

  /** Recreates a removed port with the same ifindex. */
  recreatePort(name: string): void {
    this.advance();
    this.topology.ports.recreate(name);
    const { flows } = this;
    for (let row = 0; row < flows.used; row++) {
      if (!flows.has(row)) continue;
      // Remaining flows that output to the port reach it again.
      flows.setActions(row, flows.actions[row]);
      this.paths.rebind(row);
    }
  }

  /** Restarts the vSwitch: all megaflows are gone and counters restart at zero. */
  restartVswitch(): void {
    this.advance();
    this.vswitch.restart();
  }

  #step(nowMs: number): void {
    const { vswitch, paths, settings } = this;
    const cpuBefore = vswitch.cpuNs;
    const sentBefore = paths.sentPackets;
    this.arrivals.step(nowMs);
    this.transfers.step(nowMs);
    if (nowMs >= this.#nextRevalidateMs) {
      this.#nextRevalidateMs = nowMs + REVALIDATE_MS;
      vswitch.revalidate(nowMs);
    }
    vswitch.endStep(settings.stepMs);
    this.cpu.step(vswitch.cpuNs - cpuBefore, paths.sentPackets - sentBefore);
  }
}
