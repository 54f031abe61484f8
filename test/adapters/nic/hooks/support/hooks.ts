import { DevicePrograms } from '../../../../../adapters/nic/core/device-programs.ts';
import { NetworkLock } from '../../../../../adapters/nic/core/network-lock.ts';
import type { Listen } from '../../support/contract-node.ts';
import { PassedFrames } from '../../support/passed.ts';
import { HOOKS } from '../../support/tables.ts';
import type { World } from '../../support/world.ts';
import { programsAt } from '../../tcx/support/attached.ts';
import { listenBehind } from '../../tcx/support/bridge.ts';

/** A hook that the shared suites run for, and what differs there. */
export interface SharedHook {
  readonly name: (typeof HOOKS)[number]['hook'];
  readonly need: (typeof HOOKS)[number]['need'];
  /** The mode that is reported of a served port. */
  readonly mode: string;
  /** What is reported of a port with the program of another daemon. */
  readonly foreign: RegExp;
  /** Starts to listen where the vSwitch gets what the hook passes on. */
  readonly listen: Listen;
  /** Ids of the programs that are attached to a device here. */
  readonly programsAt: (ifindex: number) => Promise<readonly number[]>;
}

/** All hooks. */
export const SHARED_HOOKS: readonly SharedHook[] = HOOKS.map(({ hook, need }) =>
  hook === 'xdp'
    ? {
        name: hook,
        need,
        mode: 'native',
        foreign: /norikae_bound\) is attached.*pinPath/,
        listen: (world, device) => PassedFrames.on(world.cleanup, device),
        programsAt: xdpProgramsAt,
      }
    : {
        name: hook,
        need,
        mode: hook,
        foreign: /another tcx program|a tc ingress filter/,
        listen: listenBehind,
        programsAt,
      },
);

/** By port of the world, the programs that are attached to its device at the hook. */
export function programsOf(
  { programsAt: at }: SharedHook,
  world: World,
): Promise<readonly (readonly number[])[]> {
  return Promise.all(world.names().map((name) => at(world.port(name).ifindex)));
}

async function xdpProgramsAt(ifindex: number): Promise<readonly number[]> {
  const { native, generic } = await new DevicePrograms(new NetworkLock()).xdp(ifindex);
  return [native, generic].filter((id) => id !== 0);
}
