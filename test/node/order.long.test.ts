import assert from 'node:assert/strict';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { BRIDGE } from '../../lab/testbed/node.ts';
import { Capture, sendFrames, sequenceOf, startSender } from '../../lab/testbed/packets.ts';
import { sleep } from '../../lab/testbed/wait.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

const FLOW = 1;
const SECONDS = 20;
/** Longest time between two heartbeats of a flow without gaps, s. */
const LIMIT_SECONDS = 5;

describe('on the real node, for a while', function () {
  this.timeout(120_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    daemon = await fixture.startDaemon();
  });
  after(async () => {
    await fixture?.tidy();
    await fixture?.node.stop();
  });

  const rule = (more: string) => `in_port=1,dl_src=${macsOf(FLOW).src},${more}`;
  const offloaded = () =>
    daemon.waitForFlow(
      'offloaded',
      (flow) => isUdpFlow(FLOW)(flow) && flow.placement === 'offload',
      MOVE_MS,
    );

  for (const rate of [200, 1_000, 5_000]) {
    it(`at ${rate} packets/s, at most one packet is late per limit of the heartbeats`, async () => {
      const { node, sender, receiver } = fixture;
      await fixture.rules(rule('actions=output:2'));
      const capture = await Capture.start(receiver.namespace);
      try {
        const count = rate * SECONDS;
        const frames = udpFrames(FLOW, count);
        await sendFrames(sender.namespace, frames, rate, node.ovs.runDir);
        await sleep(1_000);
        const numbers = capture.take().map((frame) => sequenceOf(frame.bytes) ?? -1);
        let newest = -1;
        let late = 0;
        for (const number of numbers) {
          if (number < newest) late++;
          newest = Math.max(newest, number);
        }
        assert.equal(new Set(numbers).size, numbers.length, 'none arrives twice');
        // Two more for a vSwitch that is not scheduled for a while.
        assert.ok(late <= SECONDS / LIMIT_SECONDS + 2, `${late} of ${count} packets are late`);
      } finally {
        await capture.stop();
      }
    });
  }

  it('a rule with an idle time-out of 2 s lives as long as its traffic', async () => {
    const { node, sender } = fixture;
    await fixture.rules(rule('idle_timeout=2,actions=output:2'));
    const sending = { packetsPerSecond: 500, rounds: 0 };
    const frames = udpFrames(FLOW, 10);
    const stream = await startSender(sender.namespace, frames, sending, node.ovs.runDir);
    try {
      await offloaded();
      await sleep(30_000);
      await offloaded();
      assert.match(await node.ovs.ofctl('dump-flows', BRIDGE), /idle_timeout=2/);
    } finally {
      await stream.stop();
    }
  });
});
