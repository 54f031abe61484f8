import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NorikaeDaemon } from '../../testbed/daemon.ts';
import { BRIDGE, TestNode, type Vm } from '../../testbed/node.ts';
import { Agent } from '../guest/agent.ts';
import {
  FULL_OFFLOADS,
  giveIpv6,
  giveTunnels,
  giveVlan,
  type Guest,
  guestOf,
  setOffloads,
} from '../guest/guests.ts';
import type { BackendName, CompareDatapath } from '../cases/parameters.ts';
import type { Ends } from '../traffic/ends.ts';
import { IN_GUEST, ON_HOST, type Pace } from './pace.ts';

/** Configuration of each backend. */
const BACKENDS: Readonly<Record<BackendName, Readonly<Record<string, unknown>>>> = {
  'xdp-native': { adapter: 'xdp', mode: 'native' },
  'xdp-generic': { adapter: 'xdp', mode: 'generic' },
  tcx: { adapter: 'tcx' },
};

/**
 * The node of all comparisons. Packets go from `sender` to `receiver`; `bystanders` send what no
 * policy offloads; `mirror` receives copies.
 */
export class Bed {
  readonly node: TestNode;
  readonly datapath: CompareDatapath;
  readonly pace: Pace;
  readonly sender: Guest;
  readonly receiver: Guest;
  readonly bystanders: readonly [Guest, Guest];
  readonly mirror: Vm;
  /** In the host's namespace, for collectors. */
  readonly host: Agent;
  readonly #policy: string;
  #port = 10_000;

  private constructor(
    node: TestNode,
    datapath: CompareDatapath,
    guests: readonly [Guest, Guest, Guest, Guest],
    mirror: Vm,
    host: Agent,
    policy: string,
  ) {
    this.node = node;
    this.datapath = datapath;
    this.pace = paceOn(datapath);
    const [sender, receiver, ...bystanders] = guests;
    this.sender = sender;
    this.receiver = receiver;
    this.bystanders = bystanders;
    this.mirror = mirror;
    this.host = host;
    this.#policy = policy;
  }

  /**
   * Starts the node; guests may leave checksums and segmentation to their devices. The kernel datapath
   * needs the module openvswitch.
   */
  static async start(datapath: CompareDatapath): Promise<Bed> {
    const node =
      datapath === 'kernel'
        ? await TestNode.start([], 'system')
        : await TestNode.start(['other_config:userspace-tso-enable=true']);
    try {
      const { runDir } = node.ovs;
      const guests = [
        await guestOf(await node.addVm(1), runDir),
        await guestOf(await node.addVm(2), runDir),
        await guestOf(await node.addVm(3), runDir),
        await guestOf(await node.addVm(4), runDir),
      ] as const;
      await node.introduce(...guests.map(({ vm }) => vm));
      const mirror = await node.addVm(5);
      const [sender, receiver] = guests;
      await giveTunnels(sender, receiver);
      await giveIpv6(sender, receiver);
      if (datapath === 'kernel') await giveVlan(sender, receiver);
      const policy = join(runDir, 'compare.json');
      await writeFile(policy, JSON.stringify(policyFor(paceOn(datapath), sender, receiver)));
      for (const { vm } of guests.slice(2)) await setOffloads(vm, ...FULL_OFFLOADS);
      const host = await Agent.start(node.ovs.host, runDir);
      await node.ovs.countSoon();
      return new Bed(node, datapath, guests, mirror, host, policy);
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  /** Norikae on this node: fast, and eager enough to offload a few packets. */
  startDaemon(
    backend: BackendName,
    settings: Parameters<typeof NorikaeDaemon.start>[1] = {},
  ): Promise<NorikaeDaemon> {
    return NorikaeDaemon.start(this.node, {
      poll: { periodMs: this.pace.pollMs, sourceShare: 0.5 },
      planner: { minHoldMs: 0 },
      ready: this.pace.ready,
      policies: [this.#policy],
      ...settings,
      backend: { ...BACKENDS[backend], ...settings.backend },
    });
  }

  /** Both ends, with port numbers that no other run has used. */
  ends(): Ends {
    this.#port += 2;
    return { sender: this.sender.end, receiver: this.receiver.end, port: this.#port };
  }

  /** Replaces all rules: each pair of guests reaches only each other. `more`: further rules. */
  async rules(...more: readonly string[]): Promise<void> {
    const pairs = [
      [this.sender, this.receiver],
      [this.receiver, this.sender],
      [this.bystanders[0], this.bystanders[1]],
      [this.bystanders[1], this.bystanders[0]],
    ];
    const between = pairs.map(
      ([from, to]) => `priority=1,in_port=${from.vm.number},actions=output:${to.vm.number}`,
    );
    const file = join(this.node.ovs.runDir, 'rules');
    await writeFile(file, ['delete', ...between, ...more].map((line) => `${line}\n`).join(''));
    await this.node.ovs.ofctl('--bundle', 'add-flows', BRIDGE, file);
  }

  stop(): Promise<void> {
    return this.node.stop();
  }
}

function paceOn(datapath: CompareDatapath): Pace {
  return datapath === 'kernel' ? IN_GUEST : ON_HOST;
}

/** Offloads what passes between two guests, and keeps it offloaded in the pauses of a case. */
function policyFor({ maxIdleMs }: Pace, ...guests: readonly [Guest, Guest]): unknown {
  return {
    name: 'compare',
    version: '1.0.0',
    rules: [
      {
        name: 'compared',
        conditions: {
          all: [
            { fact: 'inPort', operator: 'in', value: guests.map(({ vm }) => vm.name) },
            { fact: 'packets', operator: 'greaterThan', value: 0 },
            { fact: 'idleMs', operator: 'lessThan', value: maxIdleMs },
          ],
        },
        event: { type: 'offload' },
      },
    ],
  };
}
