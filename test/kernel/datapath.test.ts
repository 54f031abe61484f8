import assert from 'node:assert/strict';
import { release } from 'node:os';
import { sendFrames } from '../../lab/testbed/packets.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { NodeFixture, udpFrames } from '../node/fixture.ts';
import { needs } from '../support/needs.ts';

describe(`Open vSwitch on the datapath of kernel ${release()}`, function () {
  this.timeout(60_000);
  let fixture: NodeFixture | undefined;

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'ovs', 'debian-python3');
    fixture = await NodeFixture.start('system');
    await fixture.rules('in_port=1,actions=output:2');
  });

  after(() => fixture?.node.stop());

  it('forwards in the kernel, and dumps the megaflow', async () => {
    assert(fixture !== undefined);
    const { node, sender } = fixture;
    assert.match(await node.ovs.appctl('dpctl/show'), /^system@ovs-system:/);
    await sendFrames(sender.namespace, udpFrames(1, 50), 50, node.ovs.runDir);
    // ovs-vswitchd handles the first packets; the kernel handles those after it installed the flow.
    const { ovs } = node;
    const flow = await waitFor(
      'a megaflow from the sender',
      async () => (await ovs.dumpFlows()).find((line) => line.includes('in_port(vm1)')),
      { timeoutMs: 5_000 },
    );
    assert.match(flow, /^ufid:[0-9a-f-]{36},.*in_port\(vm1\).*eth_type\(0x0800\)/);
    assert.match(flow, /actions:vm2$/);
    const packets = Number(/packets:(\d+)/.exec(flow)?.[1]);
    assert(packets > 25 && packets < 50, flow);
  });
});
