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

/** How often the vSwitch looks for idle megaflows, ms (OVS: max-revalidator). */
const REVALIDATE_MS = 500;

/** Thrown when the node has no row left for a flow. */
export class TooManyFlows extends Error {
  override readonly name = 'TooManyFlows';
}

/**
 * The emulated node at one moment, and its way to the next.
 *
 * Time runs in fixed steps counted from the making of the node; whoever looks brings it up to the
 * clock first. What a step does depends on nothing but the seed, the steps before and the
 * operations asked for between them: not on when or how often somebody looks.
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
    this.paths = new Paths(this.flows, this.nic, this.vswitch, ports, settings.heartbeatMs);
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

  /** Brings the node up to the clock; returns the time of the emulation, ms. */
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

  /** Changes what the vSwitch does with a flow; false when it does not know the flow. */
  changeActions(id: FlowId, actions: FlowActions): boolean {
    this.advance();
    const row = this.flows.rowOf(id);
    if (row === NONE) return false;
    this.flows.setActions(row, actions);
    this.paths.rebind(row);
    return true;
  }

  /**
   * Sends packets of a flow at once, as a sender on its port does; a flow that is new to the
   * vSwitch is made with the match and actions given.
   *
   * @throws UnknownPort when the port it comes in by is not there
   * @throws TooManyFlows when the node has no row for it
   */
  send(flow: FlowSpec, packets: number, bytesEach: number): void {
    const nowMs = this.advance();
    if (this.topology.ports.numberOf(flow.match.inPort) === NONE) {
      throw new UnknownPort(`nothing can be sent into ${flow.match.inPort}: no such port`);
    }
    let row = this.flows.rowOf(flow.id);
    if (row === NONE) {
      row = this.flows.add(flow);
      if (row === NONE) throw new TooManyFlows(`${this.settings.maxFlows} flows are all in use`);
      this.flows.attached[row] = 0;
      this.paths.rebind(row);
    }
    this.paths.carry(row, packets, packets * bytesEach, bytesEach, nowMs);
  }

  /** Takes a port out: its connections break off and its megaflows are gone at once. */
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

  /** Makes a port again that was taken out, with the same ifindex. */
  remakePort(name: string): void {
    this.advance();
    this.topology.ports.remake(name);
    const { flows } = this;
    for (let row = 0; row < flows.used; row++) {
      if (!flows.has(row)) continue;
      // The vSwitch sends to it again, where it still has a flow that does.
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
