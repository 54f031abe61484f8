import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NorikaeDaemon } from '../../testbed/daemon.ts';
import { Namespace } from '../../testbed/namespace.ts';
import { BRIDGE, TestNode, type Vm } from '../../testbed/node.ts';
import { progress } from '../../testbed/progress.ts';
import { run } from '../../testbed/run.ts';
import { loadIgb, type PluggedVf, makeVirtualFunction } from './igb.ts';
import { writeRatePolicy } from './rate-policy.ts';
import { VmAgent } from './vm-agent.ts';

/** The virtual function's own MAC address. */
export const VF_MAC = '02:0f:00:00:00:01';
/** The virtual function in the VM. */
export const VF_DEVICE = 'vf0';
/** Several times what a change of NIC and guest takes in an emulated machine. */
export const LEASE_MS = 30_000;

const PEER_ADDRESS = '10.9.0.9';
/** An emulated processor takes half a minute to load the daemon. */
const READY = { timeoutMs: 150_000, everyMs: 1_000 };
const PERIOD_MS = 700;

/** A VM with a virtual function and the agent. */
export interface VmWithVf extends Vm {
  readonly agent: VmAgent;
  readonly vf: PluggedVf;
}

/** The other end of the wire. */
export interface Peer {
  readonly namespace: Namespace;
  readonly address: string;
  readonly mac: string;
}

/**
 * A host with Open vSwitch on the kernel datapath, whose uplink is a NIC with virtual functions; a VM
 * with one of them; a peer at the other end of the wire; and the daemon with a policy on rates.
 */
export interface SriovBed {
  readonly node: TestNode;
  readonly uplink: string;
  readonly vm: VmWithVf;
  readonly peer: Peer;
  daemon: NorikaeDaemon;
}

/** How a bed differs from the default. */
export interface BedOptions {
  /** Writes the daemon's policy to a folder; resolves to the file. Default: a policy on rates. */
  readonly writePolicy?: typeof writeRatePolicy;
  /** Bytes; default 1,500. */
  readonly mtu?: number;
}

/** Starts the bed; the caller stops its node. */
export async function startBed({
  writePolicy = writeRatePolicy,
  mtu = 1_500,
}: BedOptions = {}): Promise<SriovBed> {
  const [uplink, far] = await loadIgb();
  for (const nic of [uplink, far]) await run('ip', ['link', 'set', nic, 'mtu', String(mtu)]);
  progress('Open vSwitch, a VM and a peer …');
  const node = await TestNode.start([], 'system', 'shared');
  try {
    await withoutIpv6(node.ovs.host);
    const vf = await makeVirtualFunction(uplink, VF_MAC);
    const plain = await node.addVm(1, { mtu });
    await withoutIpv6(plain.namespace);
    await giveVf(plain, vf, mtu);
    const peer = await addPeer(node, far);
    await node.ovs.addPort({ bridge: BRIDGE, name: uplink });
    // A flow that only the virtual function carries would be forgotten, and return, each 10 s.
    await node.ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=600000');
    // With virtual functions, the embedded switch delivers what the physical function has registered.
    await run('bridge', ['fdb', 'add', plain.mac, 'dev', uplink]);
    await introduce(plain, peer);
    for (const { namespace } of [plain, peer]) await withPatientTcp(namespace);

    await mkdir(channelFolder(node), { recursive: true });
    progress('the daemon, which takes half a minute to load …');
    const daemon = await startDaemon(node, uplink, plain, writePolicy);
    progress('the agent …');
    // Later, so that the daemon does not share the processor with it while both load.
    const socket = join(channelFolder(node), `${plain.name}.sock`);
    const agent = await VmAgent.listen(node.cleanup, plain.namespace, socket);
    return { node, uplink, vm: { ...plain, agent, vf }, peer, daemon };
  } catch (error) {
    await node.stop();
    throw error;
  }
}

/** Starts a daemon on the node, also after another one was killed. */
export async function startDaemon(
  node: TestNode,
  uplink: string,
  vm: Vm,
  writePolicy = writeRatePolicy,
): Promise<NorikaeDaemon> {
  const { runDir } = node.ovs;
  return NorikaeDaemon.start(node, {
    ready: READY,
    policies: [await writePolicy(runDir)],
    backend: { adapter: 'vf', entries: 16, leaseMs: LEASE_MS },
    ovs: { timeoutMs: LEASE_MS / 2 },
    poll: {
      periodMs: PERIOD_MS,
      maxPeriodMs: PERIOD_MS,
      maxIdlePeriodMs: PERIOD_MS,
      timeoutMs: LEASE_MS / 2,
    },
    planner: { minHoldMs: 0 },
    sections: {
      guests: { directory: channelFolder(node), replyTimeoutMs: LEASE_MS / 3 },
      sriov: {
        uplink,
        journal: join(runDir, 'sriov.journal'),
        vms: [{ port: vm.name, guest: vm.name, vf: 0, vfMac: VF_MAC }],
      },
    },
  });
}

/** Puts the device of a virtual function into a VM. @param mtu bytes */
export async function giveVf(vm: Vm, vf: PluggedVf, mtu = 1_500): Promise<void> {
  const device = await vf.device();
  await run('ip', ['link', 'set', device, 'netns', vm.namespace.name, 'name', VF_DEVICE]);
  await vm.namespace.exec('ip', ['link', 'set', VF_DEVICE, 'mtu', String(mtu), 'up']);
}

function channelFolder(node: TestNode): string {
  return join(node.ovs.runDir, 'guests');
}

async function addPeer(node: TestNode, device: string): Promise<Peer> {
  const namespace = await Namespace.create(node.cleanup, node.names, 'p');
  await withoutIpv6(namespace);
  const mac = readFileSync(`/sys/class/net/${device}/address`, 'utf8').trim();
  await run('ip', ['link', 'set', device, 'netns', namespace.name, 'name', 'eth0']);
  await namespace.exec('ip', ['addr', 'add', `${PEER_ADDRESS}/16`, 'dev', 'eth0']);
  await namespace.exec('ip', ['link', 'set', 'eth0', 'up']);
  return { namespace, address: PEER_ADDRESS, mac };
}

/** Devices send nothing of their own, so that a virtual function without flows is silent. */
async function withoutIpv6(namespace: Namespace): Promise<void> {
  const files = ['all', 'default'].map((name) => `/proc/sys/net/ipv6/conf/${name}/disable_ipv6`);
  await namespace.exec('sh', ['-c', `for file in ${files.join(' ')}; do echo 1 > $file; done`]);
}

/**
 * TCP waits for a second before it takes a segment for lost: an emulated processor stalls for longer than the
 * usual 200 ms. A segment that is lost is sent again nevertheless, after the answers to later ones.
 */
async function withPatientTcp(namespace: Namespace): Promise<void> {
  await namespace.exec('ip', ['route', 'change', '10.9.0.0/16', 'dev', 'eth0', 'rto_min', '1s']);
  await namespace.exec('sh', ['-c', 'echo 0 > /proc/sys/net/ipv4/tcp_early_retrans']);
}

/** Static neighbours, so that no ARP is needed. */
async function introduce(vm: Vm, peer: Peer): Promise<void> {
  const neighbour = (address: string, mac: string): readonly string[] => [
    'neigh',
    'replace',
    address,
    'lladdr',
    mac,
    'dev',
    'eth0',
  ];
  await vm.namespace.exec('ip', neighbour(peer.address, peer.mac));
  await peer.namespace.exec('ip', neighbour(vm.address, vm.mac));
}
