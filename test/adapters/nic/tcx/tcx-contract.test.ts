import { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { describeOffloadBackend } from '../../../contract/offload-backend.ts';
import { needs } from '../../../support/needs.ts';
import { contractFixture, type MakeBackend, SharedNode } from '../support/contract-node.ts';
import { builtObject } from '../support/object.ts';
import { listenBehind } from './support/bridge.ts';

/** What the daemon makes: all ports have the kernel datapath, so `auto` chooses tcx. */
function maker(): MakeBackend {
  const objectPaths = { xdp: builtObject('xdp'), tcx: builtObject('tcx') };
  const how = { adapter: 'auto', mode: 'native', objectPaths, masks: 16 } as const;
  return (pinPath, asked) => new HostBackend({ ...how, pinPath, detachAfterMs: 1_000, ...asked });
}

describe('tcx backend', () => {
  let node: SharedNode | undefined;

  before(async function () {
    needs(this, 'root', 'netns', 'tcx', 'debian-python3');
    this.timeout(60_000);
    node = await SharedNode.start(listenBehind);
  });

  after(() => node?.world.close());

  describeOffloadBackend(
    'tcx',
    (asked) => {
      if (node === undefined) throw new Error('the node was not started');
      return contractFixture(node, maker(), asked);
    },
    { traffic: true, portChanges: true, timeoutMs: 20_000 },
  );
});
