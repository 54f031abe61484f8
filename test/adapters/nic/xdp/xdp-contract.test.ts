import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import { describeOffloadBackend } from '../../../contract/offload-backend.ts';
import { needs } from '../../../support/needs.ts';
import { contractFixture, type MakeBackend, SharedNode } from '../support/contract-node.ts';
import { builtObject } from '../support/object.ts';
import { PassedFrames } from '../support/passed.ts';

function maker(mode: 'native' | 'generic'): MakeBackend {
  const objectPath = builtObject('xdp');
  // Natively as the daemon runs it: a port is attached with its first entry.
  const onDemand = mode === 'native' ? { detachAfterMs: 1_000 } : {};
  return (pinPath, asked) =>
    xdpTable({ pinPath, objectPath, masks: 16, mode, ...onDemand, ...asked });
}

for (const mode of ['native', 'generic'] as const) {
  describe(`XDP backend, ${mode}`, () => {
    let node: SharedNode | undefined;

    before(async function () {
      needs(this, 'root', 'netns', 'xdp', 'debian-python3');
      this.timeout(60_000);
      node = await SharedNode.start((world, device) => PassedFrames.on(world.cleanup, device));
    });

    after(() => node?.world.close());

    describeOffloadBackend(
      `XDP, ${mode}`,
      (asked) => {
        if (node === undefined) throw new Error('the node was not started');
        return contractFixture(node, maker(mode), asked);
      },
      { traffic: true, portChanges: true, timeoutMs: 20_000 },
    );
  });
}
