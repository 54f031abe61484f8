import { join } from 'node:path';
import { mountBpffs } from './bpffs.ts';
import { Cleanup } from './cleanup.ts';
import { NameMaker } from './names.ts';
import { Namespace } from './namespace.ts';
import { type Datapath, type HostNetwork, OvsInstance } from './ovs.ts';
import { run } from './run.ts';
import { sweepLeftovers } from './sweep.ts';
import { createVethPort } from './veth.ts';
import type { VethPort } from './veth.ts';

/** Name of the one bridge. */
export const BRIDGE = 'br0';

/** A VM: a namespace behind a port of the bridge. */
export interface Vm {
  /** Its name in the database, and the name of its port. */
  readonly name: string;
  /** Counts from 1; also the OpenFlow port number. */
  readonly number: number;
  readonly mac: string;
  /** Address within 10.9.0.0/16. */
  readonly address: string;
  readonly namespace: Namespace;
  readonly port: VethPort;
}

/** Options of a VM's port. */
export interface VmOptions {
  readonly slice?: string;
  readonly mtu?: number;
  /** Requested interface index. */
  readonly ifindex?: number;
  /** OpenFlow port number; default: the VM's number. */
  readonly ofport?: number;
  /** Left out of the bridge when true. */
  readonly detached?: boolean;
}

/** A node for one experiment: an Open vSwitch with one bridge, VMs, a BPF file system. */
export class TestNode {
  readonly cleanup: Cleanup;
  readonly ovs: OvsInstance;
  /** Folder on the node's BPF file system for the daemon's maps. */
  readonly pinPath: string;
  /** Makes the names of what is added to the node. */
  readonly names: NameMaker;

  private constructor(cleanup: Cleanup, names: NameMaker, ovs: OvsInstance, pinPath: string) {
    this.cleanup = cleanup;
    this.names = names;
    this.ovs = ovs;
    this.pinPath = pinPath;
  }

  /**
   * Removes leftovers of killed runs, then starts a node without VMs.
   *
   * @param columns columns of `Open_vSwitch` that ovs-vswitchd reads only when it starts
   * @param datapath of the bridge; the kernel's needs the module openvswitch
   * @param network namespace of the host
   */
  static async start(
    columns: readonly string[] = [],
    datapath: Datapath = 'netdev',
    network: HostNetwork = 'new',
  ): Promise<TestNode> {
    await sweepLeftovers();
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const ovs = await OvsInstance.start(cleanup, names, [], columns, network);
      const bpffs = join(ovs.runDir, 'bpf');
      await mountBpffs(cleanup, bpffs);
      await ovs.addBridge(BRIDGE, datapath);
      return new TestNode(cleanup, names, ovs, join(bpffs, 'norikae'));
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** Adds a VM: its namespace, its port, and the port on the bridge. */
  async addVm(number: number, options: VmOptions = {}): Promise<Vm> {
    const namespace = await Namespace.create(this.cleanup, this.names, 'v');
    const name = `vm${number}`;
    const mac = `02:09:00:00:00:${number.toString(16).padStart(2, '0')}`;
    const address = `10.9.0.${number}`;
    const port = await createVethPort(this.cleanup, {
      name,
      vm: namespace,
      host: this.ovs.host,
      mac,
      addresses: [`${address}/16`],
      ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
      ...(options.ifindex === undefined ? {} : { ifindex: options.ifindex }),
    });
    if (options.detached !== true) {
      const { slice = 'gold', ofport = number } = options;
      await this.ovs.addPort({ bridge: BRIDGE, name, vm: name, slice, mac, ofport });
    }
    return { name, number, mac, address, namespace, port };
  }

  /** Sets static neighbour entries between the VMs, so that no ARP is needed. */
  async introduce(...vms: readonly Vm[]): Promise<void> {
    for (const vm of vms) {
      for (const other of vms) {
        if (other === vm) continue;
        const neighbour = ['neigh', 'replace', other.address, 'lladdr', other.mac, 'dev', 'eth0'];
        await run('ip', ['-n', vm.namespace.name, ...neighbour]);
      }
    }
  }

  /** Removes a VM's port from the bridge and deletes it. */
  async removeVm(vm: Vm): Promise<void> {
    await this.ovs.vsctl('--if-exists', 'del-port', BRIDGE, vm.name);
    await vm.port.delete();
  }

  /** Stops everything. */
  stop(): Promise<void> {
    return this.cleanup.run();
  }
}
