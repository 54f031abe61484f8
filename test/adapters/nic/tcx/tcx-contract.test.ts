import { TcxBackend } from '../../../../adapters/nic/tcx/backend.ts';
import { describeOffloadBackend } from '../../../contract/offload-backend.ts';
import { needs } from '../../../support/needs.ts';
import { contractFixture, type MakeBackend, SharedNode } from '../support/contract-node.ts';
import { builtObject } from '../support/object.ts';
import { listenBehind } from './support/bridge.ts';

function maker(): MakeBackend {
  const objectPath = builtObject('tcx');
  return (pinPath, asked) =>
    new TcxBackend({ pinPath, objectPath, masks: 16, detachAfterMs: 1_000, ...asked });
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
