import { NameMaker } from '../../../../../lab/testbed/names.ts';
import { run } from '../../../../../lab/testbed/run.ts';
import { PassedFrames } from '../../support/passed.ts';
import type { World } from '../../support/world.ts';

const names = new NameMaker();

/**
 * Makes devices ports of a new Linux bridge, which takes packets where the kernel datapath of Open
 * vSwitch does: in the rx handler of a device, behind tcx. Returns the bridge's name.
 */
export async function bridgeOver(world: World, ...devices: readonly string[]): Promise<string> {
  const bridge = names.next('b');
  world.cleanup.add({
    name: bridge,
    undo: async () => void (await run('ip', ['link', 'delete', bridge])),
    undoNow: () => undefined,
  });
  await run('ip', ['link', 'add', bridge, 'type', 'bridge', 'mcast_snooping', '0']);
  // Without an address of its own it sends nothing.
  await run('ip', ['link', 'set', bridge, 'addrgenmode', 'none']);
  await run('ip', ['link', 'set', bridge, 'promisc', 'on', 'up']);
  for (const device of devices) await run('ip', ['link', 'set', device, 'master', bridge]);
  return bridge;
}

/** Sees what tcx passes on from a device. A socket on the device would see packets before tcx. */
export async function listenBehind(world: World, device: string): Promise<PassedFrames> {
  return PassedFrames.on(world.cleanup, await bridgeOver(world, device));
}
