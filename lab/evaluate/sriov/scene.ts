import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../testbed/run.ts';
import { writeMovingPolicy } from '../../testbed/moving-policy.ts';
import { progress } from '../../testbed/progress.ts';
import { type SriovBed, startBed } from '../../sriov/bed/bed.ts';
import { stateOf } from '../../sriov/bed/state.ts';
import { placed } from '../../sriov/placement.ts';
import type { Placement } from '../model/cells.ts';
import { ProcessGroup } from '../scene/process-group.ts';
import type { Pair, Scene } from '../scene/scene.ts';
import { vswitchPid, vswitchVersion } from '../scene/vswitch.ts';

const TCP_PORT = 5_201;
const CONTROL_GROUPS = '/sys/fs/cgroup';

/** A VM with a virtual function of an igb NIC, in an emulated machine; to be run there. */
export class SriovScene implements Scene {
  readonly pairs: readonly Pair[];
  readonly guests: ProcessGroup;
  readonly host: Scene['host'];
  readonly #bed: SriovBed;

  private constructor(bed: SriovBed, guests: ProcessGroup) {
    const { node, vm, peer, daemon } = bed;
    this.#bed = bed;
    this.guests = guests;
    this.host = { vswitch: vswitchPid(node.ovs), daemon: daemon.process.pid };
    this.pairs = [{ vm, peer, tcpPort: TCP_PORT }];
  }

  /** Starts the bed with a policy that offloads all that sends. */
  static async start(mtu: number): Promise<SriovScene> {
    const bed = await startBed({ writePolicy: writeMovingPolicy, mtu });
    try {
      // The emulated machine has no systemd, which would mount them.
      await run('mount', ['-t', 'cgroup2', 'none', CONTROL_GROUPS]);
      await writeFile(join(CONTROL_GROUPS, 'cgroup.subtree_control'), '+cpu');
      const guests = await ProcessGroup.create(bed.node.cleanup, bed.node.names.next('g'));
      // Traffic takes all of the one processor, and the daemon has a lease to renew.
      await guests.goLast();
      return new SriovScene(bed, guests);
    } catch (error) {
      await bed.node.stop();
      throw error;
    }
  }

  async about(): Promise<{ readonly vswitch: string; readonly backend: string }> {
    const vswitch = await vswitchVersion(this.#bed.node.ovs);
    const status = await this.#bed.daemon.control.status();
    return { vswitch, backend: status.backend?.description ?? 'none' };
  }

  async place(placement: Placement): Promise<void> {
    const { control } = this.#bed.daemon;
    if (placement === 'onload') await control.onloadAll();
    else await control.resume();
    try {
      await placed(this.#bed, placement === 'onload' ? 'vswitch' : 'vf');
    } catch (error) {
      progress(await stateOf(this.#bed));
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#bed.daemon.stop();
    await this.#bed.node.stop();
  }
}
