import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NorikaeDaemon } from '../../testbed/daemon.ts';
import { SWITCH_PORTS, TRUNK } from '../../testbed/fast-path/parts.ts';
import type { Placement } from '../model/cells.ts';
import type { ProcessGroup } from '../scene/process-group.ts';
import { placeAll } from '../scene/placed.ts';
import type { Pair, Scene } from '../scene/scene.ts';
import { vswitchPid, vswitchVersion } from '../scene/vswitch.ts';
import { EvaluationNode } from './node.ts';

const FIRST_TCP_PORT = 5_200;

/**
 * A node whose VMs route, and whose fast path can replace each of them. A VM has no end of its own:
 * `receive` is data from the first of its two networks to the second, `transmit` the other way.
 */
export class FastPathScene implements Scene {
  readonly pairs: readonly Pair[];
  readonly host: Scene['host'];
  readonly #node: EvaluationNode;
  readonly #daemon: NorikaeDaemon;

  private constructor(node: EvaluationNode, daemon: NorikaeDaemon) {
    this.#node = node;
    this.#daemon = daemon;
    this.host = { vswitch: vswitchPid(node.ovs), daemon: daemon.process.pid };
    this.pairs = node.ends.map(({ sender, receiver }, index) => {
      return { vm: receiver, peer: sender, tcpPort: FIRST_TCP_PORT + 1 + index };
    });
  }

  /** Starts the node and the daemon. */
  static async start(vms: number, mtu: number): Promise<FastPathScene> {
    const node = await EvaluationNode.start(vms, mtu);
    try {
      const daemon = await NorikaeDaemon.start(node, {
        policies: [await writePolicy(node.ovs.runDir)],
        backend: { adapter: 'none' },
        planner: { minHoldMs: 0 },
        fastPath: {
          adapter: 'openflow',
          connect: node.switchTarget,
          ports: { ...SWITCH_PORTS, vswitch: TRUNK, vms: node.vms },
          journal: join(node.ovs.runDir, 'fast-path.rules'),
        },
      });
      return new FastPathScene(node, daemon);
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  get guests(): ProcessGroup {
    return this.#node.guests;
  }

  async about(): Promise<{ readonly vswitch: string; readonly backend: string }> {
    const vswitch = await vswitchVersion(this.#node.ovs);
    const { backends } = await this.#daemon.control.status();
    const fast = backends.find((backend) => backend.placement === 'fast-path');
    // The address of the switch differs from run to run.
    return { vswitch, backend: fast?.description.replace(/ at unix:.*$/, '') ?? 'none' };
  }

  place(placement: Placement): Promise<void> {
    return placeAll(this.#daemon, placement, {
      count: this.pairs.length,
      // What VMs send to the switch stays on the vSwitch; it ends when the fast path replaces them.
      isMoved: ({ inPort }) => inPort === TRUNK,
      offload: 'fast-path',
    });
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
    await this.#node.stop();
  }
}

/** Requests the fast path for every flow from the switch that sends, so that the planner alone decides. */
async function writePolicy(folder: string): Promise<string> {
  const file = join(folder, 'moving.json');
  const all = [
    { fact: 'inPort', operator: 'equal', value: TRUNK },
    { fact: 'lastPacketsPerSecond', operator: 'greaterThan', value: 0 },
  ];
  const rules = [{ name: 'moving', conditions: { all }, event: { type: 'fast-path' } }];
  await writeFile(file, JSON.stringify({ name: 'moving', version: '1.0.0', rules }));
  return file;
}
