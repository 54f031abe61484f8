import { HostBackend } from '../../../../../adapters/nic/host/backend.ts';
import type { HookSetting } from '../../../../../adapters/nic/host/choice.ts';
import { describeOffloadBackend } from '../../../../contract/offload-backend.ts';
import { type Need, needs } from '../../../../support/needs.ts';
import { contractFixture, type MakeBackend, SharedNode } from '../../support/contract-node.ts';
import { builtObject } from '../../support/object.ts';
import { listenBehind } from './bridge.ts';

/** The contract of backends for what the daemon makes with this setting; all ports have the kernel datapath. */
export function describeIngressContract(name: string, adapter: HookSetting, need: Need): void {
  describe(`${name} backend`, () => {
    let node: SharedNode | undefined;

    before(async function () {
      needs(this, 'root', 'netns', need, 'debian-python3');
      this.timeout(60_000);
      node = await SharedNode.start(listenBehind);
    });

    after(() => node?.world.close());

    describeOffloadBackend(
      name,
      (asked) => {
        if (node === undefined) throw new Error('the node was not started');
        return contractFixture(node, maker(adapter), asked);
      },
      { traffic: true, portChanges: true, timeoutMs: 20_000 },
    );
  });
}

function maker(adapter: HookSetting): MakeBackend {
  const objectPaths = { xdp: builtObject('xdp'), tcx: builtObject('tcx') };
  const how = { adapter, mode: 'native', objectPaths, masks: 16 } as const;
  return (pinPath, asked) => new HostBackend({ ...how, pinPath, detachAfterMs: 1_000, ...asked });
}
