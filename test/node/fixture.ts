import { join } from 'node:path';
import type { FlowView } from '../../api/flow-views.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { type DaemonSettings, NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { ethernet, ipv4, MARKER, udp } from '../../lab/testbed/frames.ts';
import { type Interval, Iperf3Client } from '../../lab/testbed/iperf3.ts';
import { BRIDGE, TestNode, type Vm } from '../../lab/testbed/node.ts';
import type { Datapath } from '../../lab/testbed/ovs.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { needs } from '../support/needs.ts';

/** A policy that offloads whatever moves. */
export const EAGER = join(packageRoot(), 'test', 'node', 'policies', 'eager.json');

/** Rate of a {@link NodeFixture.startTcp}: thousands of packets a second, from a few per cent CPU. */
const TCP_BITS_PER_SECOND = 200e6;

/** Reports of a {@link NodeFixture.startTcp} in two seconds. */
const RATE_INTERVALS = 8;

/** A stateful ACL: the first VM may open connections to the second. */
export const STATEFUL_ACL = [
  'table=0,arp,actions=normal',
  'table=0,ip,actions=ct(zone=7,table=1)',
  'table=1,ip,in_port=1,ct_state=+new+trk,actions=ct(commit,zone=7),output:2',
  'table=1,ip,in_port=1,ct_state=+est+trk,actions=output:2',
  'table=1,ip,in_port=2,ct_state=+est+trk,actions=output:1',
];

/** How long a flow may take to be moved on a busy machine, ms. */
export const MOVE_MS = 10_000;

/** Two readings with the default `poll.maxPeriodMs`: one in progress, and the next, ms. */
export const READ_MS = 4_000;

/** Skips the suite of a `before` hook where there can be no real node. */
export function needsRealNode(context: Mocha.Context): void {
  needs(context, 'root', 'netns', 'ovs', 'xdp', 'iperf3', 'debian-python3');
}

/** A node with two VMs, started once for the tests of a file. */
export class NodeFixture {
  readonly node: TestNode;
  readonly sender: Vm;
  readonly receiver: Vm;
  readonly #daemons: NorikaeDaemon[] = [];
  readonly #clients: Iperf3Client[] = [];

  private constructor(node: TestNode, sender: Vm, receiver: Vm) {
    this.node = node;
    this.sender = sender;
    this.receiver = receiver;
  }

  static async start(datapath: Datapath = 'netdev'): Promise<NodeFixture> {
    const node = await TestNode.start([], datapath);
    try {
      const [sender, receiver] = [await node.addVm(1), await node.addVm(2)];
      await node.introduce(sender, receiver);
      return new NodeFixture(node, sender, receiver);
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  /** A daemon with a fast loop and an eager policy. */
  async startDaemon(settings: DaemonSettings = {}): Promise<NorikaeDaemon> {
    const daemon = await NorikaeDaemon.start(this.node, {
      policies: [EAGER],
      ...settings,
      planner: { minHoldMs: 0, ...settings.planner },
    });
    this.#daemons.push(daemon);
    return daemon;
  }

  /**
   * A TCP connection from the sender to the receiver's iperf3 server, for so many seconds. It sends
   * at {@link TCP_BITS_PER_SECOND}, which leaves CPU to spare: what it is short of is a path.
   */
  async startTcp(seconds: number): Promise<Iperf3Client> {
    const options = {
      server: this.receiver.address,
      seconds,
      intervalSeconds: 0.25,
      tcpBitsPerSecond: TCP_BITS_PER_SECOND,
    };
    const client = await Iperf3Client.start(this.sender.namespace, options);
    this.#clients.push(client);
    return client;
  }

  /** Ends what a failed test left running. */
  async tidy(): Promise<void> {
    for (const client of this.#clients.splice(0)) await client.process.stop();
    for (const daemon of this.#daemons.splice(0)) await daemon.stop();
  }

  /** Replaces all OpenFlow rules of the bridge. */
  async rules(...rules: readonly string[]): Promise<void> {
    await this.node.ovs.ofctl('del-flows', BRIDGE);
    for (const rule of rules) await this.node.ovs.ofctl('add-flow', BRIDGE, rule);
  }

  /** Packets that the vSwitch itself has seen of flows that come in by the VM's port. */
  async vswitchPackets(vm: Vm): Promise<number> {
    const lines = await this.node.ovs.dumpFlows();
    return lines
      .filter((line) => line.includes(`in_port(${vm.name})`))
      .reduce((sum, line) => sum + Number(/packets:(\d+)/.exec(line)?.[1] ?? 0), 0);
  }

  /** Resolves when the connection's flows are offloaded, in both directions. */
  async waitForTcpOffloaded(daemon: NorikaeDaemon): Promise<void> {
    const look = async () => {
      const flows = (await daemon.flows()).filter((flow) => flow.bitsPerSecond > 0);
      const both = [this.sender, this.receiver].every((vm) =>
        flows.some((flow) => flow.inPort === vm.name && flow.placement === 'offload'),
      );
      return both ? true : undefined;
    };
    await waitFor('the TCP connection is offloaded', look, { timeoutMs: MOVE_MS });
  }
}

/** UDP datagrams of one flow, numbered from `first`. Their MACs belong to nobody. */
export function udpFrames(flow: number, count: number, first = 0): readonly Buffer[] {
  const ip = {
    src: Buffer.from([10, 77, 0, flow]),
    dst: Buffer.from([10, 78, 0, flow]),
    protocol: 17,
    ttl: 64,
    tos: 0,
  };
  return Array.from({ length: count }, (_, i) => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(first + i);
    const data = Buffer.concat([MARKER, number, Buffer.alloc(64, flow)]);
    const payload = ipv4(ip, i & 0xffff, udp(ip, 1_000 + flow, 2_000 + flow, data));
    return ethernet({ ...macsOf(flow), etherType: 0x0800, payload });
  });
}

/** MAC addresses of the flow that {@link udpFrames} makes. */
export function macsOf(flow: number): { readonly src: string; readonly dst: string } {
  const byte = flow.toString(16).padStart(2, '0');
  return { src: `02:77:00:00:00:${byte}`, dst: `02:78:00:00:00:${byte}` };
}

/** True for the flow that {@link udpFrames} makes, where a rule matches its source MAC. */
export function isUdpFlow(flow: number): (view: FlowView) => boolean {
  return (view) => view.match.includes(`eth_src=${macsOf(flow).src}`);
}

/**
 * The mean rate of a connection over the next 2 s, from when it sends again, bits/s. Ends it.
 *
 * @throws {NotInTime} when it does not send; {ProcessTrouble} when it has ended
 */
export async function rateFromNowOn(client: Iperf3Client): Promise<number> {
  const next = client.intervals.length;
  const looked = (): readonly Interval[] => {
    const later = client.intervals.slice(next);
    const again = later.findIndex(({ bytes }) => bytes > 0);
    return again === -1 ? [] : later.slice(again, again + RATE_INTERVALS);
  };
  const enough = () => (looked().length === RATE_INTERVALS ? true : undefined);
  await waitFor('the connection goes on', enough, { timeoutMs: MOVE_MS });
  await client.end();
  return looked().reduce((sum, { bitsPerSecond }) => sum + bitsPerSecond / RATE_INTERVALS, 0);
}

/** The slowest of a client's reports since a moment of performance.now(), bits/s. */
export function slowestSince(client: Iperf3Client, sinceMs: number): number {
  const recent = client.intervals.filter((interval) => interval.atMs >= sinceMs);
  return Math.min(...recent.map((interval) => interval.bitsPerSecond));
}
