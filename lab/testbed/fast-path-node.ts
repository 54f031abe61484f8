import { Cleanup } from './cleanup.ts';
import { NameMaker } from './names.ts';
import { Namespace } from './namespace.ts';
import { BRIDGE } from './node.ts';
import { OvsInstance } from './ovs.ts';
import { run } from './run.ts';
import { sweepLeftovers } from './sweep.ts';
import { createVethPort } from './veth.ts';

/** Names of the ports of the switch, and of the two of the vSwitch. */
export const SWITCH_PORTS = { uplink: 'uplink', slow: 'slow', fast: 'fast' } as const;
export const TRUNK = 'trunk';
export const VM = 'vm1';

/** MAC addresses; VM and fast path have the same, since either is the router. */
const MACS = {
  sender: '02:0a:00:00:00:01',
  receiver: '02:0a:00:00:00:02',
  router: '02:0a:00:00:00:fe',
} as const;
const ADDRESSES = { sender: '10.1.0.2', receiver: '10.2.0.2' } as const;
const GATEWAYS = { sender: '10.1.0.254', receiver: '10.2.0.254' } as const;

/**
 * A node with a fast path and a slow path:
 *
 *     sender, receiver -- (bridge) -- uplink [switch] slow -- trunk [vSwitch] vm1 -- a VM that
 *     routes [switch] fast -- the fast path, which routes likewise
 *
 * Switch and vSwitch are two Open vSwitch instances. The rules of the switch's main controller send
 * packets from the uplink to the vSwitch, and all others to the uplink.
 */
export class FastPathNode {
  readonly cleanup: Cleanup;
  /** The host's vSwitch, which the daemon reads. */
  readonly ovs: OvsInstance;
  /** The node's OpenFlow switch. */
  readonly switch: OvsInstance;
  readonly sender: Namespace;
  readonly receiver: Namespace;
  readonly receiverAddress = ADDRESSES.receiver;
  readonly senderMac = MACS.sender;

  private constructor(
    cleanup: Cleanup,
    ovs: OvsInstance,
    openFlowSwitch: OvsInstance,
    ends: { readonly sender: Namespace; readonly receiver: Namespace },
  ) {
    this.cleanup = cleanup;
    this.ovs = ovs;
    this.switch = openFlowSwitch;
    this.sender = ends.sender;
    this.receiver = ends.receiver;
  }

  /** Removes leftovers of killed runs, then builds the node; `protocols` as in ovs-vsctl(8). */
  static async start(protocols: 'OpenFlow10' | 'OpenFlow13'): Promise<FastPathNode> {
    await sweepLeftovers();
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const ovs = await OvsInstance.start(cleanup, names);
      const sw = await OvsInstance.start(cleanup, names);
      await ovs.addBridge(BRIDGE);
      await sw.addBridge(BRIDGE);
      // Without rules the switch must drop: flooding would create a loop.
      await sw.vsctl('set', 'bridge', BRIDGE, `protocols=${protocols}`, 'fail_mode=secure');
      const world = await Namespace.create(cleanup, names, 'w');
      const sender = await Namespace.create(cleanup, names, 's');
      const receiver = await Namespace.create(cleanup, names, 'r');
      const node = new FastPathNode(cleanup, ovs, sw, { sender, receiver });
      await node.#outside(world);
      await node.#trunk();
      const vm = await Namespace.create(cleanup, names, 'v');
      await node.#router(vm, ovs, VM);
      const fast = await Namespace.create(cleanup, names, 'f');
      await node.#router(fast, sw, SWITCH_PORTS.fast);
      await node.#mainController(protocols);
      return node;
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** Address at which the daemon connects to the switch. */
  get switchTarget(): string {
    return `unix:${this.switch.runDir}/${BRIDGE}.mgmt`;
  }

  /** Folder for the daemon's files; not on a BPF file system. */
  get pinPath(): string {
    return `${this.ovs.runDir}/none`;
  }

  stop(): Promise<void> {
    return this.cleanup.run();
  }

  /** Connects sender, receiver and the switch's uplink with one bridge. */
  async #outside(world: Namespace): Promise<void> {
    const ip = (...args: readonly string[]) => run('ip', ['-n', world.name, ...args]);
    await createVethPort(this.cleanup, {
      name: SWITCH_PORTS.uplink,
      vm: world,
      host: this.switch.host,
      mac: '02:0a:00:00:00:aa',
      addresses: [],
    });
    await this.switch.addPort({ bridge: BRIDGE, name: SWITCH_PORTS.uplink, ofport: 1 });
    await ip('link', 'add', 'wire', 'type', 'bridge', 'stp_state', '0');
    await ip('link', 'set', 'wire', 'addrgenmode', 'none', 'up');
    await ip('link', 'set', 'eth0', 'master', 'wire');
    for (const who of ['sender', 'receiver'] as const) {
      const name = `to-${who}`;
      const vm = this[who];
      const addresses = [`${ADDRESSES[who]}/24`];
      await createVethPort(this.cleanup, { name, vm, host: world, mac: MACS[who], addresses });
      await ip('link', 'set', name, 'master', 'wire');
      await run('ip', ['-n', vm.name, 'route', 'add', 'default', 'via', GATEWAYS[who]]);
      await neighbour(vm, GATEWAYS[who], MACS.router);
    }
  }

  /** The link between switch and vSwitch. */
  async #trunk(): Promise<void> {
    const [inSwitch, inHost] = [this.switch.host.name, this.ovs.host.name];
    const { slow } = SWITCH_PORTS;
    const peer = ['peer', 'name', TRUNK, 'netns', inHost];
    await run('ip', ['-n', inSwitch, 'link', 'add', slow, 'type', 'veth', ...peer]);
    for (const [netns, device] of [
      [inSwitch, slow],
      [inHost, TRUNK],
    ]) {
      await run('ip', ['-n', netns, 'link', 'set', device, 'addrgenmode', 'none', 'up']);
    }
    await this.switch.addPort({ bridge: BRIDGE, name: slow, ofport: 2 });
    await this.ovs.addPort({ bridge: BRIDGE, name: TRUNK, ofport: 1 });
  }

  /** A namespace that routes between the sender's net and the receiver's. */
  async #router(vm: Namespace, ovs: OvsInstance, name: string): Promise<void> {
    const addresses = [`${GATEWAYS.sender}/24`, `${GATEWAYS.receiver}/24`];
    await createVethPort(this.cleanup, { name, vm, host: ovs.host, mac: MACS.router, addresses });
    await ovs.addPort({ bridge: BRIDGE, name, vm: name, ofport: 3 });
    // Packets leave on the device they arrived on: no ICMP redirects for that.
    const settings = ['ip_forward=1', 'conf.all.send_redirects=0', 'conf.eth0.send_redirects=0'];
    for (const setting of settings) await vm.exec('sysctl', ['-qw', `net.ipv4.${setting}`]);
    await neighbour(vm, ADDRESSES.sender, MACS.sender);
    await neighbour(vm, ADDRESSES.receiver, MACS.receiver);
  }

  async #mainController(protocols: 'OpenFlow10' | 'OpenFlow13'): Promise<void> {
    const env = { OVS_RUNDIR: this.switch.runDir };
    const ofctl = (...args: readonly string[]) =>
      this.switch.host.exec('ovs-ofctl', ['-O', protocols, ...args], { env });
    await ofctl('del-flows', BRIDGE);
    for (const rule of [
      'in_port=1,actions=output:2',
      'in_port=2,actions=output:1',
      'in_port=3,actions=output:1',
    ]) {
      await ofctl('add-flow', BRIDGE, `priority=100,cookie=0xc0ffee,${rule}`);
    }
  }
}

async function neighbour(vm: Namespace, address: string, mac: string): Promise<void> {
  await run('ip', ['-n', vm.name, 'neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0']);
}
