import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SceneSwitch, SceneVm } from '../connections/scene.ts';
import { mountBpffs } from '../testbed/bpffs.ts';
import type { Cleanup } from '../testbed/cleanup.ts';
import { Namespace } from '../testbed/namespace.ts';
import type { NameMaker } from '../testbed/names.ts';
import { OvsInstance } from '../testbed/ovs.ts';
import { run } from '../testbed/run.ts';
import { createVethPort } from '../testbed/veth.ts';
import { waitFor } from '../testbed/wait.ts';
import type { OvnCentral } from './central.ts';

/** OVN's integration bridge, and the bridge of the underlay. */
export const INTEGRATION = 'br-int';
const UNDERLAY = 'br-phy';
const UPLINK = 'uplink';

/** Room for Geneve on an underlay with 1,500 bytes. */
const VM_MTU = 1_400;
const START_MS = 20_000;

/** Where a VM is attached. */
export interface OvnVmOptions {
  /** Name of the logical switch port, which exists. */
  readonly logicalPort: string;
  readonly mac: string;
  readonly address: string;
  readonly gateway: string;
}

/** One chassis: a private Open vSwitch with the userspace datapath, and ovn-controller. */
export class OvnChassis implements SceneSwitch {
  readonly ovs: OvsInstance;
  /** Folder on the chassis's BPF file system for the daemon's maps. */
  readonly pinPath: string;
  readonly #inputs: string[] = [];
  readonly #cleanup: Cleanup;
  readonly #names: NameMaker;

  private constructor(cleanup: Cleanup, names: NameMaker, ovs: OvsInstance, pinPath: string) {
    this.#cleanup = cleanup;
    this.#names = names;
    this.ovs = ovs;
    this.pinPath = pinPath;
  }

  /**
   * Starts a chassis that tunnels from `address`, and resolves when ovn-controller has made the
   * integration bridge.
   */
  static async start(
    cleanup: Cleanup,
    names: NameMaker,
    central: OvnCentral,
    name: string,
    address: string,
  ): Promise<OvnChassis> {
    const ovs = await OvsInstance.start(cleanup, names);
    const bpffs = join(ovs.runDir, 'bpf');
    await mountBpffs(cleanup, bpffs);
    const chassis = new OvnChassis(cleanup, names, ovs, join(bpffs, 'norikae'));
    await ovs.addBridge(UNDERLAY);
    const underlay = ['-n', ovs.host.name];
    await run('ip', [...underlay, 'address', 'add', `${address}/24`, 'dev', UNDERLAY]);
    await run('ip', [...underlay, 'link', 'set', UNDERLAY, 'up']);
    const ids = {
      'system-id': name,
      hostname: name,
      'ovn-remote': central.southbound,
      'ovn-encap-type': 'geneve',
      'ovn-encap-ip': address,
      'ovn-bridge-datapath-type': 'netdev',
      'ovn-monitor-all': 'true',
    };
    const columns = Object.entries(ids).map(([key, value]) => `external_ids:${key}="${value}"`);
    await ovs.vsctl('set', 'Open_vSwitch', '.', ...columns);
    await chassis.#startController();
    return chassis;
  }

  get inputs(): readonly string[] {
    return this.#inputs;
  }

  /** Adds a VM; resolves when its port is on the bridge. */
  async addVm(options: OvnVmOptions): Promise<SceneVm> {
    const { logicalPort, mac, address, gateway } = options;
    const namespace = await Namespace.create(this.#cleanup, this.#names, 'v');
    const port = `v-${logicalPort}`;
    await createVethPort(this.#cleanup, {
      name: port,
      vm: namespace,
      host: this.ovs.host,
      mac,
      addresses: [`${address}/24`],
      mtu: VM_MTU,
    });
    await run('ip', ['-n', namespace.name, 'route', 'add', 'default', 'via', gateway]);
    const id = `external_ids:iface-id=${logicalPort}`;
    await this.ovs.vsctl('add-port', INTEGRATION, port, '--', 'set', 'interface', port, id);
    this.#inputs.push(port);
    return { port, address, namespace };
  }

  /** Connects the underlays of two chassis with a cable. */
  static async connect(one: OvnChassis, other: OvnChassis): Promise<void> {
    const [a, b] = [one.ovs.host.name, other.ovs.host.name];
    const peer = ['peer', 'name', UPLINK, 'netns', b];
    await run('ip', ['-n', a, 'link', 'add', UPLINK, 'type', 'veth', ...peer]);
    // A veth takes redirected frames if its peer has GRO when it comes up; the kernel does not look again.
    for (const { ovs } of [one, other]) {
      await ovs.host.exec('ethtool', ['-K', UPLINK, 'gro', 'on', 'tx', 'off']);
    }
    for (const chassis of [one, other]) {
      const { ovs } = chassis;
      await run('ip', ['-n', ovs.host.name, 'link', 'set', UPLINK, 'addrgenmode', 'none', 'up']);
      await ovs.vsctl('add-port', UNDERLAY, UPLINK);
      chassis.#inputs.push(UPLINK);
    }
  }

  async #startController(): Promise<void> {
    const { ovs } = this;
    const folder = join(ovs.runDir, 'ovn');
    await mkdir(folder);
    await ovs.host.spawn(
      'ovn-controller',
      'ovn-controller',
      [
        `unix:${ovs.dbSocket}`,
        `--pidfile=${join(folder, 'ovn-controller.pid')}`,
        `--log-file=${join(folder, 'ovn-controller.log')}`,
        '-vconsole:off',
      ],
      { ...ovs.env, OVN_RUNDIR: folder, OVN_LOGDIR: folder },
    );
    await waitFor('ovn-controller makes its bridge', () => ovs.vsctl('br-exists', INTEGRATION), {
      timeoutMs: START_MS,
    });
  }
}
