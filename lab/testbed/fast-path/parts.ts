import type { Cleanup } from '../cleanup.ts';
import type { NameMaker } from '../names.ts';
import { Namespace } from '../namespace.ts';
import { BRIDGE } from '../node.ts';
import { OvsInstance } from '../ovs.ts';
import { run } from '../run.ts';
import { createVethPort } from '../veth.ts';

/** Names of the ports of the switch, and of the vSwitch's end of the link between them. */
export const SWITCH_PORTS = { uplink: 'uplink', slow: 'slow', fast: 'fast' } as const;
export const TRUNK = 'trunk';

/** OpenFlow numbers of the ports of the switch. */
export const SWITCH_NUMBERS = { uplink: 1, slow: 2, fast: 3 } as const;

/** MAC addresses of the machines outside, and of the bridge that connects them. */
export const OUTSIDE_MACS = {
  sender: '02:0a:00:00:00:01',
  receiver: '02:0a:00:00:00:02',
  world: '02:0a:00:00:00:aa',
} as const;

/** Versions of OpenFlow as ovs-vsctl(8) names them. */
export type SwitchProtocols = 'OpenFlow10' | 'OpenFlow13';

/** A machine that routes between two networks. */
export interface Router {
  readonly mac: string;
  /** Addresses of the sender and the receiver, and the router's own in the network of each. */
  readonly sender: string;
  readonly senderGateway: string;
  readonly receiver: string;
  readonly receiverGateway: string;
}

/** The two Open vSwitch instances of a node with a fast path. */
export interface Switches {
  /** The host's vSwitch, which the daemon reads. */
  readonly ovs: OvsInstance;
  /** The node's OpenFlow switch. */
  readonly sw: OvsInstance;
}

/** What the parts of a node share. */
export interface FastPathParts extends Switches {
  readonly cleanup: Cleanup;
  readonly names: NameMaker;
  readonly routers: readonly Router[];
  /** Bytes. */
  readonly mtu: number;
  /** Segments of TCP stay whole between the machines outside and the switch. */
  readonly wholeSegments: boolean;
}

/** The machines outside. */
export interface Ends {
  readonly sender: Namespace;
  readonly receiver: Namespace;
}

/** Starts the vSwitch and the switch. @param columns settings of the switch's Open vSwitch */
export async function startSwitches(
  cleanup: Cleanup,
  names: NameMaker,
  protocols: SwitchProtocols,
  columns: readonly string[] = [],
): Promise<Switches> {
  const ovs = await OvsInstance.start(cleanup, names);
  const sw = await OvsInstance.start(cleanup, names, [], columns);
  await ovs.addBridge(BRIDGE);
  await sw.addBridge(BRIDGE);
  // Without rules the switch must drop: flooding would create a loop.
  await sw.vsctl('set', 'bridge', BRIDGE, `protocols=${protocols}`, 'fail_mode=secure');
  return { ovs, sw };
}

/** Connects sender, receiver and the switch's uplink with one bridge; routes lead through the routers. */
export async function addOutside(parts: FastPathParts): Promise<Ends> {
  const { cleanup, names, sw, routers, mtu, wholeSegments: transmitOffloads } = parts;
  const world = await Namespace.create(cleanup, names, 'w');
  const name = SWITCH_PORTS.uplink;
  const uplink = { name, vm: world, host: sw.host, mac: OUTSIDE_MACS.world, addresses: [] };
  await createVethPort(cleanup, { ...uplink, mtu, transmitOffloads });
  await sw.addPort({ bridge: BRIDGE, name, ofport: SWITCH_NUMBERS.uplink });
  await ip(world, 'link', 'add', 'wire', 'type', 'bridge', 'stp_state', '0');
  await ip(world, 'link', 'set', 'wire', 'addrgenmode', 'none', 'mtu', String(mtu), 'up');
  await ip(world, 'link', 'set', 'eth0', 'master', 'wire');
  const ends = {
    sender: await Namespace.create(cleanup, names, 's'),
    receiver: await Namespace.create(cleanup, names, 'r'),
  };
  for (const who of ['sender', 'receiver'] as const) {
    const addresses = routers.map((router) => `${router[who]}/24`);
    const port = { name: `to-${who}`, vm: ends[who], host: world, mac: OUTSIDE_MACS[who] };
    await createVethPort(cleanup, { ...port, addresses, mtu, transmitOffloads });
    await ip(world, 'link', 'set', port.name, 'master', 'wire');
    for (const router of routers) await addRoute(ends[who], who, router);
  }
  return ends;
}

/**
 * The link between switch and vSwitch, where packets have the size of the MTU, as on a wire.
 *
 * @param ofport OpenFlow number of its end at the vSwitch
 */
export async function addTrunk(parts: FastPathParts, ofport: number): Promise<void> {
  const { ovs, sw, mtu, wholeSegments } = parts;
  const { slow } = SWITCH_PORTS;
  const size = ['mtu', String(mtu)];
  const peer = ['peer', 'name', TRUNK, ...size, 'netns', ovs.host.name];
  await ip(sw.host, 'link', 'add', slow, ...size, 'type', 'veth', ...peer);
  if (wholeSegments) {
    await sw.host.exec('ethtool', ['-K', slow, 'gro', 'on', 'tx', 'off']);
    await ovs.host.exec('ethtool', ['-K', TRUNK, 'tx', 'off']);
  }
  await ip(sw.host, 'link', 'set', slow, 'addrgenmode', 'none', 'up');
  await ip(ovs.host, 'link', 'set', TRUNK, 'addrgenmode', 'none', 'up');
  await sw.addPort({ bridge: BRIDGE, name: slow, ofport: SWITCH_NUMBERS.slow });
  await ovs.addPort({ bridge: BRIDGE, name: TRUNK, ofport });
}

/** Has a device of a machine route between the two networks of a router. */
export async function routeThrough(vm: Namespace, device: string, router: Router): Promise<void> {
  for (const who of ['sender', 'receiver'] as const) {
    await ip(vm, 'address', 'add', `${router[`${who}Gateway`]}/24`, 'dev', device);
    await addNeighbour(vm, router[who], OUTSIDE_MACS[who], device);
  }
  // Packets leave on the device they arrived on: no ICMP redirects for that.
  const settings = ['ip_forward=1', 'conf.all.send_redirects=0', `conf.${device}.send_redirects=0`];
  await vm.exec('sysctl', ['-qw', ...settings.map((setting) => `net.ipv4.${setting}`)]);
}

/** The rules of the switch's main controller: from the uplink to the vSwitch, all else to the uplink. */
export async function addSwitchRules(sw: OvsInstance, protocols: SwitchProtocols): Promise<void> {
  const { uplink, slow, fast } = SWITCH_NUMBERS;
  await sw.ofctl('-O', protocols, 'del-flows', BRIDGE);
  for (const [from, to] of [
    [uplink, slow],
    [slow, uplink],
    [fast, uplink],
  ]) {
    const rule = `priority=100,cookie=0xc0ffee,in_port=${from},actions=output:${to}`;
    await sw.ofctl('-O', protocols, 'add-flow', BRIDGE, rule);
  }
}

/** Address at which a daemon connects to the switch. */
export function switchTarget(sw: OvsInstance): string {
  return `unix:${sw.runDir}/${BRIDGE}.mgmt`;
}

/** Runs `ip` in a namespace. */
export function ip(where: Namespace, ...args: readonly string[]): Promise<string> {
  return run('ip', ['-n', where.name, ...args]);
}

async function addRoute(end: Namespace, who: keyof Ends, router: Router): Promise<void> {
  const other = router[who === 'sender' ? 'receiver' : 'sender'];
  const gateway = router[`${who}Gateway`];
  await ip(end, 'route', 'add', `${other}/32`, 'via', gateway);
  await addNeighbour(end, gateway, router.mac, 'eth0');
}

async function addNeighbour(
  where: Namespace,
  address: string,
  mac: string,
  device: string,
): Promise<void> {
  await ip(where, 'neigh', 'replace', address, 'lladdr', mac, 'dev', device);
}
