import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SoftwareNic } from '../nic-module/nic.ts';
import { BRIDGE, TestNode } from '../testbed/node.ts';
import { run } from '../testbed/run.ts';
import type { Scene } from './scene.ts';
import type { Sender } from './traffic.ts';

/** A firmware that inserts as fast as those of NICs of this kind, and counters that are late. */
const RULES_PER_SECOND = 5_000;
const STATS_DELAY_MS = 1_000;

/** The kernel datapath with the NIC in software: its representors are the ports of the bridge. */
export class PeerNode {
  readonly node: TestNode;
  readonly nic: SoftwareNic;
  readonly sender: Sender;

  private constructor(node: TestNode, nic: SoftwareNic) {
    this.node = node;
    this.nic = nic;
    const { functions, representors } = nic.devices;
    this.sender = { device: functions[0], representor: representors[0] };
  }

  /**
   * Starts the node in the namespace of this process, which must have the machine for itself.
   *
   * @param columns columns of `Open_vSwitch` that ovs-vswitchd reads only when it starts
   */
  static async start(scene: Scene, columns: readonly string[]): Promise<PeerNode> {
    const node = await TestNode.start(columns, 'system', 'shared');
    try {
      const nic = await SoftwareNic.load(node.cleanup, { vfs: 2, entries: scene.entries });
      await nic.set('rules_per_s', RULES_PER_SECOND);
      await nic.set('stats_delay_ms', STATS_DELAY_MS);
      const { representors, functions } = nic.devices;
      await bringUp([...representors, ...functions]);
      for (const [n, name] of representors.entries()) {
        await node.ovs.addPort({ bridge: BRIDGE, name, vm: `vm${n}`, ofport: n + 1 });
      }
      await addRules(node, scene);
      return new PeerNode(node, nic);
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  /** How many packets met a flow of the datapath, how many missed, and how many of those were lost. */
  async lookups(): Promise<string> {
    const text = await this.node.ovs.appctl('dpctl/show');
    return /lookups: .*/.exec(text)?.[0] ?? 'no datapath';
  }

  stop(): Promise<void> {
    return this.node.stop();
  }
}

/** Devices get no address, so that they send nothing of their own. */
async function bringUp(devices: readonly string[]): Promise<void> {
  const commands = devices.map(
    (device) =>
      `echo 1 > /proc/sys/net/ipv6/conf/${device}/disable_ipv6; ip link set ${device} up\n`,
  );
  await run('sh', ['-c', commands.join('')]);
}

/** A rule for each flow, so that each has a megaflow of its own. */
async function addRules({ ovs }: TestNode, { flows, probes }: Scene): Promise<void> {
  const rules = [...flows, ...probes].map(
    ({ udpPort }) => `in_port=1,udp,tp_dst=${udpPort},actions=output:2`,
  );
  const file = join(ovs.runDir, 'rules');
  await writeFile(file, ['delete', ...rules].map((line) => `${line}\n`).join(''));
  await ovs.ofctl('--bundle', 'add-flows', BRIDGE, file);
}
