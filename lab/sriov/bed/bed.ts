import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OvsFlowSource } from '../../../adapters/ovs/flow-source.ts';
import { KeeperClient } from '../../../adapters/nic/ntuple/keeper/keeper-client.ts';
import type { VfOptions, VfVm } from '../../../adapters/nic/vf/options.ts';
import { VfBackend } from '../../../adapters/nic/vf/vf-backend.ts';
import { vfKeeperScript } from '../../../adapters/nic/vf/vf-keeper-settings.ts';
import type { PortInfo } from '../../../engine/model/port.ts';
import { Namespace } from '../../testbed/namespace.ts';
import { BRIDGE, TestNode, type Vm } from '../../testbed/node.ts';
import { progress } from '../../testbed/progress.ts';
import { run } from '../../testbed/run.ts';
import { AgentSessions } from './agent-sessions.ts';
import { loadIgb, makeVirtualFunction } from './igb.ts';

const VF_MAC = '02:0f:00:00:00:01';
const PEER_ADDRESS = '10.9.0.9';
/** An emulated processor takes long to start a process, ms. */
const START_MS = 90_000;
const TIMEOUT_MS = 30_000;

/**
 * A host with Open vSwitch on the kernel datapath, whose uplink is a NIC with virtual functions; a VM
 * with one of them and the agent; and a peer at the other end of the wire.
 */
export interface SriovBed {
  readonly node: TestNode;
  readonly uplink: string;
  readonly vm: Vm;
  readonly peer: { readonly namespace: Namespace; readonly address: string; readonly mac: string };
  readonly backend: VfBackend;
  readonly flows: OvsFlowSource;
  readonly ports: ReadonlyMap<string, PortInfo>;
  stop(): Promise<void>;
}

/** The virtual function in the VM. */
export const VF_DEVICE = 'vf0';

export async function startBed(leaseMs: number): Promise<SriovBed> {
  const [uplink, far] = await loadIgb();
  progress('Open vSwitch, a VM and a peer …');
  const node = await TestNode.start([], 'system', 'shared');
  try {
    await withoutIpv6(node.ovs.host);
    const vf = await makeVirtualFunction(uplink, VF_MAC);
    const vm = await node.addVm(1);
    await withoutIpv6(vm.namespace);
    await run('ip', ['link', 'set', vf, 'netns', vm.namespace.name, 'name', VF_DEVICE]);
    await vm.namespace.exec('ip', ['link', 'set', VF_DEVICE, 'up']);
    const namespace = await Namespace.create(node.cleanup, node.names, 'p');
    await withoutIpv6(namespace);
    const mac = readFileSync(`/sys/class/net/${far}/address`, 'utf8').trim();
    await run('ip', ['link', 'set', far, 'netns', namespace.name, 'name', 'eth0']);
    await namespace.exec('ip', ['addr', 'add', `${PEER_ADDRESS}/16`, 'dev', 'eth0']);
    await namespace.exec('ip', ['link', 'set', 'eth0', 'up']);
    await node.ovs.addPort({ bridge: BRIDGE, name: uplink });
    // With virtual functions, the embedded switch delivers what the physical function has registered.
    await run('bridge', ['fdb', 'add', vm.mac, 'dev', uplink]);
    const peer = { namespace, address: PEER_ADDRESS, mac };
    await introduce(vm, peer);

    progress('the agent in the VM …');
    const sessions = await AgentSessions.start(node.cleanup, vm.name, vm.namespace);
    progress('the keeper of the virtual function …');
    const options = optionsFor(uplink, vm, leaseMs);
    const writer = new KeeperClient({
      device: uplink,
      journal: join(node.ovs.runDir, 'vf.journal'),
      script: vfKeeperScript({ vms: options.vms, filters: false }),
      startMs: START_MS,
    });
    const ports = new Map([portInfo(uplink, 'uplink'), portInfo(vm.name, 'vm', vm.mac)]);
    const backend = new VfBackend(options, { writer, sessions, log: progress });
    await backend.start(ports, AbortSignal.timeout(TIMEOUT_MS));
    const flows = new OvsFlowSource({ runDir: node.ovs.runDir, timeoutMs: TIMEOUT_MS });
    const stop = async (): Promise<void> => {
      try {
        await flows.close();
        await backend.close();
      } finally {
        await node.stop();
      }
    };
    return { node, uplink, vm, peer, backend, flows, ports, stop };
  } catch (error) {
    await node.stop();
    throw error;
  }
}

function optionsFor(uplink: string, vm: Vm, leaseMs: number): VfOptions {
  const settings: VfVm = {
    port: vm.name,
    guest: vm.name,
    vf: 0,
    vfMac: VF_MAC,
    vlan: 0,
    maxTxMbps: 0,
    trustGuest: false,
  };
  return {
    uplink,
    entries: 16,
    leaseMs,
    steering: 'mac',
    addressesAreUnique: false,
    vms: [settings],
  };
}

/** Devices send nothing of their own, so that a virtual function without flows is silent. */
async function withoutIpv6(namespace: Namespace): Promise<void> {
  const files = ['all', 'default'].map((name) => `/proc/sys/net/ipv6/conf/${name}/disable_ipv6`);
  await namespace.exec('sh', ['-c', `for file in ${files.join(' ')}; do echo 1 > $file; done`]);
}

/** Static neighbours, so that no ARP is needed. */
async function introduce(vm: Vm, peer: SriovBed['peer']): Promise<void> {
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

function portInfo(name: string, kind: PortInfo['kind'], mac?: string): [string, PortInfo] {
  const port: PortInfo = {
    name,
    uuid: name,
    ifindex: ifindexOf(name),
    bridge: BRIDGE,
    kind,
    mac,
    vm: kind === 'vm' ? name : undefined,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
  return [name, port];
}

function ifindexOf(name: string): number {
  return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'));
}
