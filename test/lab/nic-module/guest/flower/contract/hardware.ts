import { describeOffloadBackend } from '../../../../../contract/offload-backend.ts';
import { needs } from '../../../../../support/needs.ts';
import { flowerFixture } from '../support/contract-fixture.ts';
import { NicNode } from '../support/nic-node.ts';

describe('rules of tc flower in hardware', () => {
  let node: NicNode | undefined;

  before(async function () {
    needs(this, 'kernel-lab', 'nic-module', 'root', 'netns', 'nft');
    this.timeout(60_000);
    node = await NicNode.start();
  });

  after(() => node?.stop());

  describeOffloadBackend(
    'flower, skip_sw',
    (asked) => {
      if (node === undefined) throw new Error('the node was not started');
      return flowerFixture(node, asked);
    },
    { traffic: true, portChanges: true, entriesLapse: true, timeoutMs: 60_000 },
  );
});
