import { NorikaeDaemon } from '../../testbed/daemon.ts';
import { writeMovingPolicy } from '../../testbed/moving-policy.ts';
import { Namespace } from '../../testbed/namespace.ts';
import { BRIDGE, TestNode, type Vm } from '../../testbed/node.ts';
import { run } from '../../testbed/run.ts';
import { createVethPort } from '../../testbed/veth.ts';
import type { Placement } from '../model/cells.ts';
import { ProcessGroup } from '../scene/process-group.ts';
import { placeAll } from '../scene/placed.ts';
import type { End, Pair, Scene } from '../scene/scene.ts';
import { vswitchPid, vswitchVersion } from '../scene/vswitch.ts';

/** OpenFlow numbers of the physical ports; those of VMs count from 1. */
const FIRST_UPLINK = 101;
const FIRST_TCP_PORT = 5_200;

/** A node with VMs, each fixed to one of the physical ports, as in the study; XDP carries what is offloaded. */
export class XdpScene implements Scene {
  readonly pairs: readonly Pair[];
  readonly guests: ProcessGroup;
  readonly host: Scene['host'];
  readonly #node: TestNode;
  readonly #daemon: NorikaeDaemon;

  private constructor(
    node: TestNode,
    daemon: NorikaeDaemon,
    pairs: readonly Pair[],
    guests: ProcessGroup,
  ) {
    this.#node = node;
    this.#daemon = daemon;
    this.host = { vswitch: vswitchPid(node.ovs), daemon: daemon.process.pid };
    this.pairs = pairs;
    this.guests = guests;
  }

  /** Starts the node and the daemon. */
  static async start(vms: number, ports: number, mtu: number): Promise<XdpScene> {
    const node = await TestNode.start();
    try {
      const guests = await ProcessGroup.create(node.cleanup, node.names.next('g'));
      const peers = await addPeers(node, ports, mtu);
      const all: Vm[] = [];
      for (let n = 1; n <= vms; n += 1) all.push(await node.addVm(n, { mtu }));
      await connect(node, all, peers);
      const pairs = all.map((vm) => {
        return { vm, peer: peers[(vm.number - 1) % ports], tcpPort: FIRST_TCP_PORT + vm.number };
      });
      const daemon = await NorikaeDaemon.start(node, {
        // The placement depends on `onload-all` alone.
        policies: [await writeMovingPolicy(node.ovs.runDir)],
        planner: { minHoldMs: 0 },
      });
      return new XdpScene(node, daemon, pairs, guests);
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  async about(): Promise<{ readonly vswitch: string; readonly backend: string }> {
    const vswitch = await vswitchVersion(this.#node.ovs);
    const status = await this.#daemon.control.status();
    return { vswitch, backend: status.backend?.description ?? 'none' };
  }

  place(placement: Placement): Promise<void> {
    const moved = { count: this.pairs.length, isMoved: () => true, offload: 'offload' } as const;
    return placeAll(this.#daemon, placement, moved);
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
    await this.#node.stop();
  }
}

type Peer = End & { readonly name: string; readonly mac: string };

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
async function connect(node: TestNode, vms: readonly Vm[], peers: readonly Peer[]): Promise<void> {
  await node.ovs.ofctl('del-flows', BRIDGE);
  for (const vm of vms) {
    const index = (vm.number - 1) % peers.length;
    const peer = peers[index];
    const uplink = FIRST_UPLINK + index;
    const rules = [
      `in_port=${vm.number},dl_dst=${peer.mac},actions=output:${uplink}`,
      `in_port=${uplink},dl_dst=${vm.mac},actions=output:${vm.number}`,
    ];
    for (const rule of rules) await node.ovs.ofctl('add-flow', BRIDGE, rule);
    await addNeighbour(vm.namespace, peer.address, peer.mac);
    await addNeighbour(peer.namespace, vm.address, vm.mac);
  }
}

async function addNeighbour(where: Namespace, address: string, mac: string): Promise<void> {
  const neighbour = ['neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0'];
  await run('ip', ['-n', where.name, ...neighbour]);
}
