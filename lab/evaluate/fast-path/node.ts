import { Cleanup } from '../../testbed/cleanup.ts';
import { NameMaker } from '../../testbed/names.ts';
import { Namespace } from '../../testbed/namespace.ts';
import { BRIDGE } from '../../testbed/node.ts';
import { OvsInstance } from '../../testbed/ovs.ts';
import { run } from '../../testbed/run.ts';
import { sweepLeftovers } from '../../testbed/sweep.ts';
import { createVethPort } from '../../testbed/veth.ts';
import type { End } from '../scene/scene.ts';
import { ProcessGroup } from '../scene/process-group.ts';
import { threadReceive } from './receive-thread.ts';

/** Ports of the switch, and of the vSwitch. */
export const SWITCH_PORTS = { uplink: 'uplink', slow: 'slow', fast: 'fast' } as const;
export const TRUNK = 'trunk';

/** OpenFlow numbers of the ports of the switch, and of the trunk; those of VMs count from 1. */
const NUMBERS = { uplink: 1, slow: 2, fast: 3, trunk: 101 } as const;
const MACS = {
  sender: '02:0a:00:00:00:01',
  receiver: '02:0a:00:00:00:02',
  world: '02:0a:00:00:00:aa',
  fast: '02:0a:00:00:00:ff',
} as const;

/** A VM that routes between two networks of its own; the fast path has the same addresses. */
interface Router {
  /** Counts from 1; also the OpenFlow number of its port. */
  readonly number: number;
  readonly name: string;
  readonly mac: string;
  /** The machines that it connects, and its own address in the network of each. */
  readonly sender: string;
  readonly senderGateway: string;
  readonly receiver: string;
  readonly receiverGateway: string;
}

/**
 * A node whose VMs route, and whose fast path can replace each of them:
 *
 *     sender, receiver -- (bridge) -- uplink [switch] slow -- trunk [vSwitch] vm1, vm2 -- VMs
 *                                    [switch] fast -- the network processor, which routes likewise
 *
 * The switch and the network processor stand for hardware. They pass segments of TCP whole, so that
 * what they cost per packet is small; between switch and vSwitch there are packets of the MTU, as on
 * a wire. What VMs and network processor do with packets runs in threads of their own.
 */
export class EvaluationNode {
  readonly cleanup: Cleanup;
  readonly ovs: OvsInstance;
  readonly switch: OvsInstance;
  /** The VMs, the switch and the network processor. */
  readonly guests: ProcessGroup;
  /** The two ends of the connection of each VM. */
  readonly ends: readonly { readonly sender: End; readonly receiver: End }[];
  /** Names of the VMs' ports. */
  readonly vms: readonly string[];

  private constructor(
    cleanup: Cleanup,
    switches: { readonly ovs: OvsInstance; readonly sw: OvsInstance },
    guests: ProcessGroup,
    ends: EvaluationNode['ends'],
    vms: readonly string[],
  ) {
    this.cleanup = cleanup;
    this.ovs = switches.ovs;
    this.switch = switches.sw;
    this.guests = guests;
    this.ends = ends;
    this.vms = vms;
  }

  static async start(vms: number, mtu: number): Promise<EvaluationNode> {
    await sweepLeftovers();
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const guests = await ProcessGroup.create(cleanup, names.next('g'));
      const ovs = await OvsInstance.start(cleanup, names);
      const whole = ['other_config:userspace-tso-enable=true'];
      const sw = await OvsInstance.start(cleanup, names, [], whole);
      if (sw.vswitchdPid !== undefined) await guests.add(sw.vswitchdPid);
      await ovs.addBridge(BRIDGE);
      await sw.addBridge(BRIDGE);
      await sw.vsctl('set', 'bridge', BRIDGE, 'protocols=OpenFlow13', 'fail_mode=secure');
      const routers = Array.from({ length: vms }, (_, index) => routerOf(index + 1));
      const building: Building = { cleanup, names, ovs, sw, guests, routers, mtu };
      const { sender, receiver } = await addOutside(building);
      await addTrunk(building);
      for (const router of routers) await addVm(building, router);
      await addNetworkProcessor(building);
      await addRules(building);
      const ends = routers.map((router) => ({
        sender: { namespace: sender, address: router.sender },
        receiver: { namespace: receiver, address: router.receiver },
      }));
      const ports = routers.map(({ name }) => name);
      return new EvaluationNode(cleanup, { ovs, sw }, guests, ends, ports);
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
}

interface Building {
  readonly cleanup: Cleanup;
  readonly names: NameMaker;
  readonly ovs: OvsInstance;
  readonly sw: OvsInstance;
  readonly guests: ProcessGroup;
  readonly routers: readonly Router[];
  readonly mtu: number;
}

function routerOf(number: number): Router {
  return {
    number,
    name: `vm${number}`,
    mac: `02:0a:00:00:01:${number.toString(16).padStart(2, '0')}`,
    sender: `10.1.${number}.2`,
    senderGateway: `10.1.${number}.254`,
    receiver: `10.2.${number}.2`,
    receiverGateway: `10.2.${number}.254`,
  };
}

/** Connects sender, receiver and the switch's uplink with one bridge. */
async function addOutside(building: Building): Promise<Record<'sender' | 'receiver', Namespace>> {
  const { cleanup, names, sw, routers, mtu } = building;
  const world = await Namespace.create(cleanup, names, 'w');
  const whole = { mtu, transmitOffloads: true };
  const uplink = { name: SWITCH_PORTS.uplink, vm: world, host: sw.host, mac: MACS.world };
  await createVethPort(cleanup, { ...uplink, ...whole, addresses: [] });
  await sw.addPort({ bridge: BRIDGE, name: SWITCH_PORTS.uplink, ofport: NUMBERS.uplink });
  await ip(world, 'link', 'add', 'wire', 'type', 'bridge', 'stp_state', '0');
  await ip(world, 'link', 'set', 'wire', 'addrgenmode', 'none', 'mtu', String(mtu), 'up');
  await ip(world, 'link', 'set', 'eth0', 'master', 'wire');
  const ends = {
    sender: await Namespace.create(cleanup, names, 's'),
    receiver: await Namespace.create(cleanup, names, 'r'),
  };
  for (const who of ['sender', 'receiver'] as const) {
    const name = `to-${who}`;
    const other = who === 'sender' ? 'receiver' : 'sender';
    const addresses = routers.map((router) => `${router[who]}/24`);
    const port = { name, vm: ends[who], host: world, mac: MACS[who], addresses };
    await createVethPort(cleanup, { ...port, ...whole });
    await ip(world, 'link', 'set', name, 'master', 'wire');
    for (const router of routers) {
      const gateway = router[`${who}Gateway`];
      await ip(ends[who], 'route', 'add', `${router[other]}/32`, 'via', gateway);
      await addNeighbour(ends[who], gateway, router.mac, 'eth0');
    }
  }
  return ends;
}

/** The link between switch and vSwitch, where packets have the size of the MTU. */
async function addTrunk({ ovs, sw, mtu }: Building): Promise<void> {
  const { slow } = SWITCH_PORTS;
  const size = ['mtu', String(mtu)];
  const peer = ['peer', 'name', TRUNK, ...size, 'netns', ovs.host.name];
  await ip(sw.host, 'link', 'add', slow, ...size, 'type', 'veth', ...peer);
  await sw.host.exec('ethtool', ['-K', slow, 'gro', 'on', 'tx', 'off']);
  await ovs.host.exec('ethtool', ['-K', TRUNK, 'tx', 'off']);
  await ip(sw.host, 'link', 'set', slow, 'addrgenmode', 'none', 'up');
  await ip(ovs.host, 'link', 'set', TRUNK, 'addrgenmode', 'none', 'up');
  await sw.addPort({ bridge: BRIDGE, name: slow, ofport: NUMBERS.slow });
  await ovs.addPort({ bridge: BRIDGE, name: TRUNK, ofport: NUMBERS.trunk });
}

async function addVm(building: Building, router: Router): Promise<void> {
  const { cleanup, names, ovs, guests, mtu } = building;
  const { name, mac, number } = router;
  const vm = await Namespace.create(cleanup, names, 'v');
  await createVethPort(cleanup, { name, vm, host: ovs.host, mac, addresses: [], mtu });
  await ovs.addPort({ bridge: BRIDGE, name, vm: name, mac, ofport: number });
  await routeThrough(vm, 'eth0', router);
  await guests.add(await threadReceive(vm));
}

/** One namespace with the addresses of all VMs. */
async function addNetworkProcessor(building: Building): Promise<void> {
  const { cleanup, names, sw, guests, routers, mtu } = building;
  const vm = await Namespace.create(cleanup, names, 'f');
  const name = SWITCH_PORTS.fast;
  const port = { name, vm, host: sw.host, mac: MACS.fast, addresses: [] };
  await createVethPort(cleanup, { ...port, mtu, transmitOffloads: true });
  await sw.addPort({ bridge: BRIDGE, name, ofport: NUMBERS.fast });
  for (const router of routers) {
    const { name: device, mac } = router;
    const parent = ['link', 'eth0', 'name', device, 'address', mac];
    await ip(vm, 'link', 'add', ...parent, 'type', 'macvlan', 'mode', 'private');
    await ip(vm, 'link', 'set', device, 'addrgenmode', 'none', 'up');
    await routeThrough(vm, device, router);
  }
  await guests.add(await threadReceive(vm));
}

/** Has a namespace route between the two networks of a router. */
async function routeThrough(vm: Namespace, device: string, router: Router): Promise<void> {
  for (const who of ['sender', 'receiver'] as const) {
    await ip(vm, 'address', 'add', `${router[`${who}Gateway`]}/24`, 'dev', device);
    await addNeighbour(vm, router[who], MACS[who], device);
  }
  // Packets leave on the device they arrived on: no ICMP redirects for that.
  const settings = ['ip_forward=1', 'conf.all.send_redirects=0', `conf.${device}.send_redirects=0`];
  await vm.exec('sysctl', ['-qw', ...settings.map((setting) => `net.ipv4.${setting}`)]);
}

/** The rules of the vSwitch, and those of the switch's main controller. */
async function addRules({ ovs, sw, routers }: Building): Promise<void> {
  await ovs.ofctl('del-flows', BRIDGE);
  for (const { number, mac } of routers) {
    const towards = `in_port=${NUMBERS.trunk},dl_dst=${mac},actions=output:${number}`;
    await ovs.ofctl('add-flow', BRIDGE, towards);
    await ovs.ofctl('add-flow', BRIDGE, `in_port=${number},actions=output:${NUMBERS.trunk}`);
  }
  const { uplink, slow, fast } = NUMBERS;
  for (const [from, to] of [
    [uplink, slow],
    [slow, uplink],
    [fast, uplink],
  ]) {
    const rule = `priority=100,cookie=0xc0ffee,in_port=${from},actions=output:${to}`;
    await sw.ofctl('add-flow', BRIDGE, rule);
  }
}

function ip(where: Namespace, ...args: readonly string[]): Promise<string> {
  return run('ip', ['-n', where.name, ...args]);
}

async function addNeighbour(
  where: Namespace,
  address: string,
  mac: string,
  device: string,
): Promise<void> {
  await ip(where, 'neigh', 'replace', address, 'lladdr', mac, 'dev', device);
}
