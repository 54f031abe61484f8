import type { LaneName } from './model/cells.ts';
import { FastPathScene } from './fast-path/scene.ts';
import type { Scene, SceneSize } from './scene/scene.ts';
import { SriovScene } from './sriov/scene.ts';
import { XdpScene } from './xdp/scene.ts';

/** Starts a node with VMs, the daemon, and what carries offloaded traffic in that lane. */
export function startScene(lane: LaneName, { vms, ports, mtu }: SceneSize): Promise<Scene> {
  if (lane === 'xdp') return XdpScene.start(vms, ports, mtu);
  return lane === 'fast-path' ? FastPathScene.start(vms, mtu) : SriovScene.start(mtu);
}
