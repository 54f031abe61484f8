import assert from 'node:assert/strict';
import type { FlowView } from '../../api/flow-views.ts';
import { BRIDGE } from '../../lab/testbed/node.ts';
import { Capture, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

/** Two looks, two seconds apart, on a busy machine, ms. */
const SAMPLE_MS = 10_000;

describe('on the real node, samples', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
  });
  afterEach(() => fixture?.tidy());
  after(() => fixture?.node.stop());

  it('find all entries right while the vSwitch follows its rules', async () => {
    const { sender, node } = fixture;
    const [one, two] = [1, 2].map((n) => `in_port=1,dl_src=${macsOf(n).src},ip`);
    const rewrite =
      'mod_dl_src:02:00:00:00:00:99,dec_ttl,push_vlan:0x8100,set_field:4105->vlan_vid';
    await fixture.rules(`${one},actions=output:2`, `${two},actions=${rewrite},output:2`);
    const frames = [...udpFrames(1, 5), ...udpFrames(2, 5)];
    const sending = { packetsPerSecond: 500, rounds: 0 };
    const stream = await startSender(sender.namespace, frames, sending, node.ovs.runDir);
    const daemon = await fixture.startDaemon({ poll: { samplePeriodMs: 50 } });
    for (const n of [1, 2]) await daemon.waitForFlow('offloaded', placed(n), MOVE_MS);
    const samples = await waitFor(
      'twenty samples',
      async () => {
        const { samples: counts } = await daemon.control.status();
        return counts !== null && counts.same >= 20 ? counts : undefined;
      },
      { timeoutMs: SAMPLE_MS },
    );
    assert.equal(samples.suspected + samples.different + samples.failed, 0);
    await stream.stop();
  });

  it('take an entry out whose flow the vSwitch would drop by its rules', async () => {
    const { sender, receiver, node } = fixture;
    const from = `in_port=1,dl_src=${macsOf(3).src}`;
    await fixture.rules(`${from},actions=output:2`);
    const sending = { packetsPerSecond: 500, rounds: 0 };
    const stream = await startSender(sender.namespace, udpFrames(3, 10), sending, node.ovs.runDir);
    const daemon = await fixture.startDaemon({ poll: { samplePeriodMs: 200 } });
    await daemon.waitForFlow('offloaded', placed(3), MOVE_MS);
    // The datapath does not follow the rules any more, so that no reading shows the change.
    await node.ovs.appctl('revalidator/pause');
    try {
      await node.ovs.ofctl('mod-flows', BRIDGE, `${from},actions=drop`);
      const isThree = isUdpFlow(3);
      const flow = await daemon.waitForFlow(
        'held on the vSwitch',
        (f) => isThree(f) && f.placement === 'onload' && f.reason.code === 'mismatch',
        SAMPLE_MS,
      );
      const { samples } = await daemon.control.status();
      assert.equal(samples?.different, 1);
      const decided = async (): Promise<true | undefined> => {
        const { decisions } = await daemon.control.decisions({ flow: flow.id, limit: 1 });
        return decisions[0].cause === 'mismatch' ? true : undefined;
      };
      await waitFor('the decision', decided, { timeoutMs: 2_000 });
      assert.match(
        await daemon.command('why', flow.id),
        /a sample found that its entry was wrong \(the entry does vm2; the vSwitch would do drop\)/,
      );
    } finally {
      await node.ovs.appctl('revalidator/resume');
    }
    const capture = await Capture.start(receiver.namespace);
    await waitFor(
      'no more packets',
      async () => {
        capture.take();
        await sleep(300);
        return capture.frames.length === 0 ? true : undefined;
      },
      { timeoutMs: 5_000 },
    );
    await capture.stop();
    await stream.stop();
  });
});

/** True for the n-th flow once it has an entry. */
function placed(n: number): (flow: FlowView) => boolean {
  const isFlow = isUdpFlow(n);
  return (flow) => isFlow(flow) && flow.placement === 'offload';
}
