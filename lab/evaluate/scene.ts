import { NorikaeDaemon } from '../testbed/daemon.ts';
import { writeMovingPolicy } from '../testbed/moving-policy.ts';
import { Namespace } from '../testbed/namespace.ts';
import { BRIDGE, TestNode, type Vm } from '../testbed/node.ts';
import { run } from '../testbed/run.ts';
import { createVethPort } from '../testbed/veth.ts';
import { waitFor } from '../testbed/wait.ts';
import type { Placement } from './cells.ts';
import { ProcessGroup } from './process-group.ts';

const MOVE_MS = 20_000;
/** OpenFlow numbers of the physical ports; those of VMs count from 1. */
const FIRST_UPLINK = 101;

/** A VM, and the host on the other side of the physical port that it is fixed to. */
export interface Pair {
  readonly vm: Vm;
  readonly peer: { readonly namespace: Namespace; readonly address: string };
  /** TCP port of the server, different for each VM. */
  readonly tcpPort: number;
}

/** A node with VMs, each fixed to one of the physical ports, as in the study. */
export class EvaluationScene {
  readonly pairs: readonly Pair[];
  readonly daemon: NorikaeDaemon;
  /** The processes that stand for VMs and for other machines. */
  readonly guests: ProcessGroup;
  readonly #node: TestNode;

  private constructor(
    node: TestNode,
    daemon: NorikaeDaemon,
    pairs: readonly Pair[],
    guests: ProcessGroup,
  ) {
    this.#node = node;
    this.daemon = daemon;
    this.pairs = pairs;
    this.guests = guests;
  }

  /** Starts the node and the daemon. */
  static async start(vms: number, ports: number, mtu: number): Promise<EvaluationScene> {
    const node = await TestNode.start();
    try {
      const guests = await ProcessGroup.create(node.cleanup, node.names.next('g'));
      const peers = await addPeers(node, ports, mtu);
      const pairs: Pair[] = [];
      for (let n = 1; n <= vms; n += 1) {
        const vm = await node.addVm(n, { mtu });
        pairs.push({ vm, peer: peers[(n - 1) % ports], tcpPort: 5_200 + n });
      }
      await connect(node, pairs, peers);
      const daemon = await NorikaeDaemon.start(node, {
        // The placement depends on `onload-all` alone.
        policies: [await writeMovingPolicy(node.ovs.runDir)],
        planner: { minHoldMs: 0 },
      });
      return new EvaluationScene(node, daemon, pairs, guests);
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  /** Version of Open vSwitch. */
  async vswitch(): Promise<string> {
    return (await this.#node.ovs.appctl('version')).split('\n')[0].trim();
  }

  /** Has the daemon move all flows there; resolves when those that move data are there. */
  async place(placement: Placement): Promise<void> {
    if (placement === 'onload') await this.daemon.command('onload-all');
    else await this.daemon.command('resume');
    const there = async () => {
      const busy = (await this.daemon.flows()).filter((flow) => flow.bitsPerSecond > 100_000);
      return busy.length >= this.pairs.length && busy.every((f) => f.placement === placement)
        ? true
        : undefined;
    };
    await waitFor(`all connections on ${placement}`, there, { timeoutMs: MOVE_MS });
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    await this.#node.stop();
  }
}

type Peer = Pair['peer'] & { readonly name: string; readonly mac: string };

/** The machines at the other ends of the physical ports. */
async function addPeers(node: TestNode, ports: number, mtu: number): Promise<readonly Peer[]> {
  const peers: Peer[] = [];
  for (let n = 1; n <= ports; n += 1) {
    const namespace = await Namespace.create(node.cleanup, node.names, 'p');
    const name = `uplink${n}`;
    const mac = `02:09:00:00:01:0${n}`;
    const address = `10.9.1.${n}`;
    const addresses = [`${address}/16`];
    const { host } = node.ovs;
    await createVethPort(node.cleanup, { name, vm: namespace, host, mac, addresses, mtu });
    await node.ovs.addPort({ bridge: BRIDGE, name, ofport: FIRST_UPLINK + n - 1 });
    peers.push({ namespace, name, mac, address });
  }
  return peers;
}

/** Rules and neighbours: a VM talks to its peer alone. */
async function connect(
  node: TestNode,
  pairs: readonly Pair[],
  peers: readonly Peer[],
): Promise<void> {
  await node.ovs.ofctl('del-flows', BRIDGE);
  for (const { vm, peer } of pairs) {
    const index = peers.findIndex(({ address }) => address === peer.address);
    const uplink = FIRST_UPLINK + index;
    const rules = [
      `in_port=${vm.number},dl_dst=${peers[index].mac},actions=output:${uplink}`,
      `in_port=${uplink},dl_dst=${vm.mac},actions=output:${vm.number}`,
    ];
    for (const rule of rules) await node.ovs.ofctl('add-flow', BRIDGE, rule);
    await addNeighbour(vm.namespace, peer.address, peers[index].mac);
    await addNeighbour(peer.namespace, vm.address, vm.mac);
  }
}

async function addNeighbour(where: Namespace, address: string, mac: string): Promise<void> {
  const neighbour = ['neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0'];
  await run('ip', ['-n', where.name, ...neighbour]);
}
