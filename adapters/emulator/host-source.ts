import type { HostSample, HostSource, PortCounters } from '../../engine/ports/host-source.ts';
import type { Faults } from './faults.ts';
import type { Simulation } from './simulation.ts';

/** CPU and port counters of the emulated host. */
export class EmulatedHostSource implements HostSource {
  readonly name = 'emulated-host';
  readonly #simulation: Simulation;
  readonly #faults: Faults;

  constructor(simulation: Simulation, faults: Faults) {
    this.#simulation = simulation;
    this.#faults = faults;
  }

  async read(names: Iterable<string>, signal: AbortSignal): Promise<HostSample> {
    await this.#faults.pass('host.read', signal);
    this.#simulation.advance();
    const { ports } = this.#simulation.topology;
    const counters = new Map<string, PortCounters>();
    for (const name of names) {
      const port = ports.all.find((p) => p.present && p.info.name === name);
      if (port === undefined) continue;
      const { rxBytes, txBytes, rxPackets, txPackets } = port;
      counters.set(name, { rxBytes, txBytes, rxPackets, txPackets });
    }
    return { cpu: this.#simulation.cpu.times(), ports: counters };
  }
}
