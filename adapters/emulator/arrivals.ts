import { type Direction, actionsOf, type Endpoint, matchOf, reverseOf } from './connection.ts';
import { NONE, type FlowStore } from './flow-store.ts';
import { flowIdOf } from './megaflow.ts';
import type { NodeSettings } from './options.ts';
import { type ArrivalProcess, arrivalProcesses } from './arrival-process.ts';
import type { Paths } from './paths.ts';
import { type Topology, type Vm, vlanOf } from './topology.ts';
import { TCP_HEADERS, UDP_HEADERS, VLAN_TAG } from './packets.ts';
import type { DrawnWorkload, Transfers } from './transfers.ts';

/** Number of outside hosts that VMs communicate with. */
const OUTSIDE_HOSTS = 4_096;
/** 198.18.0.0/15, set aside for benchmarks (RFC 2544). */
const OUTSIDE_NETWORK = 0xc612_0000;
const MULTICAST: Pick<Endpoint, 'mac' | 'address'> = {
  mac: '01:00:5e:01:01:01',
  address: 0xef01_0101,
};
const ROUTER = { inside: '02:00:00:00:01:01', outside: '02:00:00:00:01:02' };
const OUTSIDE_ROUTER = { inside: ROUTER.outside, outside: ROUTER.inside };
/** Senders differ: round trips and peak rates are drawn log-uniformly between these. */
const RTT_MS = [0.5, 8] as const;
const PEAK_BITS_PER_SECOND = [50e6, 2e9] as const;

/**
 * New connections: a Poisson process per workload. Each has its own random generator, so the
 * offered traffic does not depend on how it is forwarded.
 */
export class Arrivals {
  /** Connections opened, and those rejected because no row was free. */
  opened = 0;
  rejected = 0;

  readonly #processes: readonly ArrivalProcess[];
  readonly #settings: NodeSettings;
  readonly #topology: Topology;
  readonly #flows: FlowStore;
  readonly #paths: Paths;
  readonly #transfers: Transfers;

  constructor(
    settings: NodeSettings,
    topology: Topology,
    workloads: readonly DrawnWorkload[],
    flows: FlowStore,
    paths: Paths,
    transfers: Transfers,
  ) {
    this.#settings = settings;
    this.#topology = topology;
    this.#flows = flows;
    this.#paths = paths;
    this.#transfers = transfers;
    this.#processes = arrivalProcesses(settings, topology, workloads);
  }

  /** Opens every connection that arrives up to `nowMs`. */
  step(nowMs: number): void {
    for (const process of this.#processes) {
      while (process.nextAtMs <= nowMs) {
        process.nextAtMs += process.random.exponential(process.meanGapMs);
        this.#open(process);
      }
    }
  }

  #open(process: ArrivalProcess): void {
    const { random, drawn } = process;
    const direction = this.#direction(process);
    // Draw everything first: the random sequence must not depend on the node's state.
    const transfers = random.geometric(drawn.workload.transfersPerConnection);
    const firstSize = drawn.sizes.quantile(random.uniform());
    const rttMs = random.logUniform(...RTT_MS);
    const peakBitsPerSecond = random.logUniform(...PEAK_BITS_PER_SECOND);
    const seed = random.next();
    const row = this.#addFlow(direction);
    if (row === NONE) {
      this.rejected++;
      return;
    }
    this.opened++;
    const tcp = direction.protocol === 'tcp';
    const tag = direction.from.vid === undefined ? 0 : VLAN_TAG;
    this.#transfers.start({
      row,
      reverse: tcp ? this.#addFlow(reverseOf(direction)) : NONE,
      workload: process.index,
      transfers,
      firstSize,
      headers: (tcp ? TCP_HEADERS : UDP_HEADERS) + tag,
      rttMs,
      peakBitsPerSecond,
      rxUplink: this.#uplinkOf(direction.from),
      txUplink: this.#uplinkOf(direction.to),
      seed,
    });
  }

  #addFlow(direction: Direction): number {
    const ports = this.#topology.ports;
    const gone = [direction.from.port, direction.to.port].some((p) => ports.numberOf(p) === NONE);
    if (gone) return NONE;
    const match = matchOf(direction);
    const id = flowIdOf(match);
    // A flow with this 5-tuple still exists: reject the connection, as with a full table.
    if (this.#flows.rowOf(id) !== NONE) return NONE;
    const row = this.#flows.add({ id, match, actions: actionsOf(direction) });
    // The NIC may still have an entry from an earlier flow with this id.
    if (row !== NONE) this.#paths.rebind(row);
    return row;
  }

  #direction(process: ArrivalProcess): Direction {
    const { random, vms, drawn } = process;
    const s = this.#settings;
    const vm = vms[random.below(vms.length)];
    const inside = random.uniform() < s.insideShare && vms.length > 1;
    const other = vms[(vms.indexOf(vm) + 1 + random.below(vms.length - 1)) % vms.length];
    const outside = this.#outside(vm, random.below(OUTSIDE_HOSTS));
    const receives = random.uniform() < 0.5;
    const udp = random.uniform() < drawn.workload.udpShare;
    const tracked = random.uniform() < s.trackedShare;
    const routed = random.uniform() < s.routedShare;
    const multicast = random.uniform() < s.multicastShare;
    const clientPort = 32_768 + random.below(28_232);
    if (multicast) return this.#multicast(vm, outside, clientPort, drawn.workload.serverPort);
    const peer = inside ? other.endpoint : outside;
    const [from, to] = receives ? [peer, vm.endpoint] : [vm.endpoint, peer];
    return {
      from,
      to,
      protocol: udp ? 'udp' : 'tcp',
      fromPort: clientPort,
      toPort: drawn.workload.serverPort,
      tracked,
      routed: inside || !routed ? undefined : receives ? OUTSIDE_ROUTER : ROUTER,
      copies: [],
    };
  }

  #multicast(vm: Vm, outside: Endpoint, fromPort: number, toPort: number): Direction {
    const slice = this.#topology.slices[vm.slice];
    return {
      from: vm.endpoint,
      to: { ...outside, ...MULTICAST },
      protocol: 'udp',
      fromPort,
      toPort,
      tracked: false,
      routed: undefined,
      copies: slice.filter((v) => v !== vm).map((v) => v.endpoint.port),
    };
  }

  #outside(vm: Vm, host: number): Endpoint {
    return {
      port: this.#topology.uplinks[vm.uplink].name,
      mac: `02:00:00:01:${hex(host >> 8)}:${hex(host)}`,
      address: OUTSIDE_NETWORK + host + 1,
      vid: vlanOf(vm.slice),
    };
  }

  #uplinkOf(endpoint: Endpoint): number {
    return this.#topology.uplinks.findIndex((u) => u.name === endpoint.port);
  }
}

function hex(n: number): string {
  return (n & 0xff).toString(16).padStart(2, '0');
}
