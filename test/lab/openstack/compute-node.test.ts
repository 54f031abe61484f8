import { ComputeNode } from '../../../lab/openstack/compute-node.ts';
import { needs } from '../../support/needs.ts';
import { passesAndDrops } from '../connections/passes-and-drops.ts';

describe('lab openstack', function () {
  this.timeout(120_000);
  let node: ComputeNode | undefined;

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'xdp', 'debian-python3');
    node = await ComputeNode.start();
  });
  after(() => node?.stop());

  it('tracks a connection in the zone of its network, and drops it after a change', async () => {
    const scene = node?.scene();
    if (scene === undefined) throw new Error('the node is not there');
    await passesAndDrops(scene, 1);
  });
});
