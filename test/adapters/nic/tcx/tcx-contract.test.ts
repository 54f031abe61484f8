import type { HookSetting } from '../../../../adapters/nic/host/choice.ts';
import { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { describeOffloadBackend } from '../../../contract/offload-backend.ts';
import { needs } from '../../../support/needs.ts';
import { contractFixture, type MakeBackend, SharedNode } from '../support/contract-node.ts';
import { INGRESS_HOOKS } from './support/ingress.ts';
import { builtObject } from '../support/object.ts';
import { listenBehind } from './support/bridge.ts';

/** What the daemon makes for ports of the kernel datapath: `auto` chooses tcx, where the kernel has it. */
function maker(adapter: HookSetting): MakeBackend {
  const objectPaths = { xdp: builtObject('xdp'), tcx: builtObject('tcx') };
  const how = { adapter, mode: 'native', objectPaths, masks: 16 } as const;
  return (pinPath, asked) => new HostBackend({ ...how, pinPath, detachAfterMs: 1_000, ...asked });
}

for (const { hook, need } of INGRESS_HOOKS) {
  describe(`${hook} backend`, () => {
    let node: SharedNode | undefined;

    before(async function () {
      needs(this, 'root', 'netns', need, 'debian-python3');
      this.timeout(60_000);
      node = await SharedNode.start(listenBehind);
    });

    after(() => node?.world.close());

    describeOffloadBackend(
      hook,
      (asked) => {
        if (node === undefined) throw new Error('the node was not started');
        return contractFixture(node, maker(hook === 'tcx' ? 'auto' : hook), asked);
      },
      { traffic: true, portChanges: true, timeoutMs: 20_000 },
    );
  });
}
