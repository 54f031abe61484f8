import type { FlowActions } from '../../engine/model/action.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { FlowSource } from '../../engine/ports/flow-source.ts';
import type { HostSource } from '../../engine/ports/host-source.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';
import { EmulatedBackend } from './backend.ts';
import { Faults } from './faults.ts';
import { EmulatedFlowSource } from './flow-source.ts';
import { EmulatedHostSource } from './host-source.ts';
import { type EmulatedNodeOptions, settingsOf } from './options.ts';
import type { NodeTotals } from './paths.ts';
import { EmulatedPortDirectory } from './port-directory.ts';
import { Simulation } from './simulation.ts';

/** Bytes of a packet sent by hand, with the L2 header. */
const FULL_FRAME = 1_514;

/** How much traffic there is. */
export interface TrafficStatus {
  /** Connections open now. */
  readonly open: number;
  /** Connections opened, and turned away for want of room, since the start. */
  readonly opened: number;
  readonly turnedAway: number;
  /** Transfers completed and payload sent since the start. */
  readonly completed: number;
  readonly sentPayload: number;
}

/**
 * A whole node in memory: VMs, vSwitch, NIC and host, behind the same ports as the real adapters.
 * What is not part of those ports (sending by hand, changing rules, faults) is for tests and
 * demonstrations.
 */
export class EmulatedNode {
  readonly flowSource: FlowSource;
  readonly hostSource: HostSource;
  readonly portDirectory: EmulatedPortDirectory;
  readonly backend: OffloadBackend;
  readonly faults: Faults;
  readonly #simulation: Simulation;

  /** @throws EmulatorOptionError when an option is out of its range */
  constructor(options: EmulatedNodeOptions) {
    const settings = settingsOf(options);
    this.#simulation = new Simulation(settings);
    this.faults = new Faults(settings.timeoutMs);
    this.flowSource = new EmulatedFlowSource(this.#simulation, this.faults);
    this.hostSource = new EmulatedHostSource(this.#simulation, this.faults);
    this.portDirectory = new EmulatedPortDirectory(this.#simulation.topology.ports, this.faults);
    this.backend = this.newBackend();
  }

  /** A second backend over the same NIC, as a restarted daemon creates it. */
  newBackend(): OffloadBackend {
    return new EmulatedBackend(this.#simulation, this.faults);
  }

  /** The ports that exist now, including changes that the port directory has not seen. */
  ports(): PortSnapshot {
    return this.#simulation.topology.ports.snapshot();
  }

  /** Changes what the vSwitch does with a flow; false when it does not know the flow. */
  changeActions(id: FlowId, actions: FlowActions): boolean {
    return this.#simulation.changeActions(id, actions);
  }

  /**
   * Sends packets of a flow at once; the vSwitch learns a new flow with the match and actions
   * given.
   *
   * @throws UnknownPort when the port it comes in by is not there
   * @throws TooManyFlows when the node has no room for another flow
   */
  send(flow: FlowSpec, packets: number, bytesEach = FULL_FRAME): void {
    this.#simulation.send(flow, packets, bytesEach);
  }

  /** Takes a port out, with its connections and megaflows. @throws UnknownPort */
  removePort(name: string): void {
    this.#simulation.removePort(name);
  }

  /** Makes a port again that was taken out: new uuid, same ifindex. @throws UnknownPort */
  remakePort(name: string): void {
    this.#simulation.remakePort(name);
  }

  /** Restarts the vSwitch: all megaflows are gone and counters restart at zero. */
  restartVswitch(): void {
    this.#simulation.restartVswitch();
  }

  /** Packets that the NIC sent out of a port without the vSwitch, since the port was made. */
  sentByNic(port: string): number {
    this.#simulation.advance();
    const { ports } = this.#simulation.topology;
    return ports.all.find((p) => p.present && p.info.name === port)?.nicTxPackets ?? 0;
  }

  /** Sums over everything sent since the start. */
  totals(): NodeTotals {
    this.#simulation.advance();
    return this.#simulation.paths.totals();
  }

  traffic(): TrafficStatus {
    this.#simulation.advance();
    const { transfers, arrivals } = this.#simulation;
    const { open, completed, sentPayload } = transfers;
    return {
      open,
      opened: arrivals.opened,
      turnedAway: arrivals.turnedAway,
      completed,
      sentPayload,
    };
  }
}
