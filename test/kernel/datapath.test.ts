import assert from 'node:assert/strict';
import { release } from 'node:os';
import { TestNode, type Vm } from '../../lab/testbed/node.ts';
import { needs } from '../support/needs.ts';

describe(`Open vSwitch on the datapath of kernel ${release()}`, function () {
  this.timeout(60_000);
  let node: TestNode | undefined;
  let first: Vm;
  let second: Vm;

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'ovs');
    node = await TestNode.start([], 'system');
    [first, second] = [await node.addVm(1), await node.addVm(2)];
    await node.introduce(first, second);
  });

  after(() => node?.stop());

  it('forwards in the kernel, and dumps the megaflow', async () => {
    assert(node !== undefined);
    assert.match(await node.ovs.appctl('dpctl/show'), /^system@ovs-system:/);
    await first.namespace.exec('ping', ['-c', '3', '-i', '0.2', '-W', '5', second.address]);
    const flows = await node.ovs.dumpFlows();
    const forward = flows.find(
      (flow) => flow.includes(`src=${first.mac}`) && flow.includes('eth_type(0x0800)'),
    );
    assert(forward !== undefined, flows.join('\n'));
    assert.match(forward, /^ufid:[0-9a-f-]{36},.*in_port\(vm1\)/);
    assert.match(forward, /actions:vm2$/);
    assert.match(forward, /dp:ovs/);
    // The first packet went up to ovs-vswitchd, the others did not.
    const packets = Number(/packets:(\d+)/.exec(forward)?.[1]);
    assert(packets >= 2, forward);
  });
});
