import assert from 'node:assert/strict';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { BRIDGE } from '../../lab/testbed/node.ts';
import { Capture, sendFrames, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

describe('on the real node, the vSwitch decides what', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;
  let capture: Capture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    capture = await Capture.start(fixture.receiver.namespace);
    daemon = await fixture.startDaemon();
  });
  after(() => fixture?.node.stop());

  it('an OpenFlow rule turned to drop stops an offloaded flow within one second', async () => {
    const { sender, node } = fixture;
    const from = `in_port=1,dl_src=${macsOf(1).src}`;
    await fixture.rules(`${from},actions=output:2`);
    const sending = { packetsPerSecond: 500, rounds: 0 };
    const stream = await startSender(sender.namespace, udpFrames(1, 10), sending, node.ovs.runDir);
    const offloaded = (flow: { placement: string }) => flow.placement === 'offload';
    const isOne = isUdpFlow(1);
    await daemon.waitForFlow('offloaded', (flow) => isOne(flow) && offloaded(flow), MOVE_MS);
    await sleep(500);
    const before = await fixture.vswitchPackets(sender);
    await sleep(1_000);
    const seen = (await fixture.vswitchPackets(sender)) - before;
    assert.ok(seen < 100, `the vSwitch still sees ${seen} of 500 packets a second`);

    await node.ovs.ofctl('mod-flows', BRIDGE, `${from},actions=drop`);
    const droppedMs = performance.now();
    await sleep(3_000);
    const last = capture.frames.at(-1)?.atMs ?? 0;
    assert.ok(last - droppedMs < 1_000, `the last packet came ${last - droppedMs} ms after it`);

    await node.ovs.ofctl('mod-flows', BRIDGE, `${from},actions=output:2`);
    capture.take();
    await waitFor('packets again', () => (capture.frames.length > 0 ? true : undefined), {
      timeoutMs: 3_000,
    });
    await stream.stop();
  });

  it('counts exactly what the receiver got, on either path', async () => {
    const { sender, node } = fixture;
    await fixture.rules(`in_port=1,dl_src=${macsOf(2).src},actions=output:2`);
    await sendFrames(sender.namespace, udpFrames(2, 20), 100, node.ovs.runDir);
    const isTwo = isUdpFlow(2);
    const start = await daemon.waitForFlow('a flow at rest', isTwo, MOVE_MS);
    await settled(async () => (await daemon.flows()).find(isTwo)?.packets);
    const base = (await daemon.flows()).find(isTwo) ?? start;
    capture.take();

    const frames = udpFrames(2, 12_000);
    const sending = sendFrames(sender.namespace, frames, 3_000, node.ovs.runDir);
    await sleep(1_300);
    await daemon.control.onloadAll();
    await sleep(700);
    await daemon.control.resume();
    await sending;
    const count = await settled(async () => (await daemon.flows()).find(isTwo)?.packets);
    const end = (await daemon.flows()).find(isTwo) ?? start;

    const received = capture.take();
    const bytes = received.reduce((sum, frame) => sum + frame.bytes.length, 0);
    assert.equal(received.length, frames.length, 'packets lost on the way');
    assert.equal((count ?? 0) - base.packets, received.length);
    assert.equal(end.bytes - base.bytes, bytes);
    const carried = end.carriedBytes - base.carriedBytes;
    assert.ok(carried > bytes / 4, `the NIC carried ${carried} of ${bytes} bytes`);
    assert.ok(carried < bytes, 'nothing went through the vSwitch');
  });
});

/** Resolves to a number once it has been the same for half a second. */
async function settled(read: () => Promise<number | undefined>): Promise<number | undefined> {
  let last = await read();
  let sinceMs = performance.now();
  await waitFor(
    'the counters are at rest',
    async () => {
      const now = await read();
      if (now !== last) {
        last = now;
        sinceMs = performance.now();
      }
      return performance.now() - sinceMs > 500 ? true : undefined;
    },
    { timeoutMs: MOVE_MS },
  );
  return last;
}
