import type { FlowActions } from '../../engine/model/action.ts';
import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { FlowSource } from '../../engine/ports/flow-source.ts';
import type { FlowVerifier } from '../../engine/ports/flow-verifier.ts';
import type { HostSource } from '../../engine/ports/host-source.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';
import { EmulatedBackend } from './backend.ts';
import { Faults } from './faults.ts';
import { EmulatedFlowSource } from './flow-source.ts';
import { EmulatedFlowVerifier } from './flow-verifier.ts';
import { EmulatedHostSource } from './host-source.ts';
import { type EmulatedNodeOptions, settingsOf } from './options.ts';
import type { NodeTotals } from './paths.ts';
import { EmulatedPortDirectory } from './port-directory.ts';
import { Simulation } from './simulation.ts';

/** Default packet size of {@link EmulatedNode.send}, bytes with the L2 header. */
const FULL_FRAME = 1_514;

/** Traffic totals of the node. */
export interface TrafficStatus {
  /** Connections open now. */
  readonly open: number;
  /** Connections opened, and rejected because no row was free, since the start. */
  readonly opened: number;
  readonly rejected: number;
  /** Transfers completed and payload sent since the start. */
  readonly completed: number;
  readonly sentPayload: number;
}

/**
 * A whole node in memory: VMs, vSwitch, NIC and host, behind the same ports as the real adapters.
 * Everything else (sending packets, changing actions, faults) is for tests and demonstrations.
 */
export class EmulatedNode {
  readonly flowSource: FlowSource;
  readonly flowVerifier: FlowVerifier;
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
    this.flowVerifier = new EmulatedFlowVerifier(this.#simulation, this.faults);
    this.hostSource = new EmulatedHostSource(this.#simulation, this.faults);
    this.portDirectory = new EmulatedPortDirectory(this.#simulation.topology.ports, this.faults);
    this.backend = this.newBackend();
  }

  /** Another backend for the same NIC, as a restarted daemon creates it. */
  newBackend(): OffloadBackend {
    return new EmulatedBackend(this.#simulation, this.faults);
  }

  /** The ports that exist now, including changes that the port directory has not seen. */
  ports(): PortSnapshot {
    return this.#simulation.topology.ports.snapshot();
  }

  /** Changes a flow's actions in the vSwitch; false when the flow is unknown. */
  changeActions(id: FlowId, actions: FlowActions): boolean {
    return this.#simulation.changeActions(id, actions);
  }

  /**
   * Changes what the vSwitch's rules do with a flow, without its megaflow: a vSwitch that failed to
   * revalidate it.
   */
  changeRules(id: FlowId, actions: FlowActions): void {
    this.#simulation.rules.set(formatFlowId(id), actions);
  }

  /**
   * Sends packets of a flow immediately. A new flow gets the given match and actions.
   *
   * @throws UnknownPort when its input port does not exist
   * @throws TooManyFlows when the node has no room for another flow
   */
  send(flow: FlowSpec, packets: number, bytesEach = FULL_FRAME): void {
    this.#simulation.send(flow, packets, bytesEach);
  }

  /** Removes a port with its connections and megaflows. @throws UnknownPort */
  removePort(name: string): void {
    this.#simulation.removePort(name);
  }

  /** Recreates a removed port: new uuid, same ifindex. @throws UnknownPort */
  recreatePort(name: string): void {
    this.#simulation.recreatePort(name);
  }

  /** Restarts the vSwitch: all megaflows are gone and counters restart at zero. */
  restartVswitch(): void {
    this.#simulation.restartVswitch();
  }

  /** Packets that the NIC sent on a port without the vSwitch, since the port was created. */
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
      rejected: arrivals.rejected,
      completed,
      sentPayload,
    };
  }
}
