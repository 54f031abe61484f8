import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FlowView } from '../../daemon/control/view.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { Capture, sendFrames, sequenceOf, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { MOVE_MS, needsRealNode, NodeFixture } from './fixture.ts';
import { frameOf, randomFlow, randomPacket, ruleOf } from './random-flows.ts';

const FLOWS = 40;
const PACKETS_A_FLOW = 8;
const PACKETS_PER_SECOND = 400;
/** What random flows may stay on the vSwitch: those of a mask for which there is no more room. */
const MOST_LEFT = 0.2;

describe('on the real node, NIC and vSwitch rewrite headers alike', function () {
  this.timeout(90_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;
  let capture: Capture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    capture = await Capture.start(fixture.receiver.namespace);
    daemon = await fixture.startDaemon({ backend: { masks: 128 } });
  });
  after(() => fixture?.node.stop());

  /** What the receiver gets of the frames, in hexadecimal, by number. */
  async function received(frames: readonly Buffer[]): Promise<ReadonlyMap<number, string>> {
    await sleep(300);
    capture.take();
    const { sender, node } = fixture;
    await sendFrames(sender.namespace, frames, PACKETS_PER_SECOND, node.ovs.runDir);
    await sleep(500);
    return new Map(
      capture.take().map(({ bytes }) => [sequenceOf(bytes) ?? -1, bytes.toString('hex')]),
    );
  }

  async function ours(): Promise<readonly FlowView[]> {
    return (await daemon.flows()).filter((flow) => flow.inPort === 'vm1');
  }

  for (const round of [1, 2]) {
    it(`packet by packet, over random flows and packets (${round})`, async () => {
      const seed = Date.now() % 1_000_000_000;
      const flows = fc.sample(randomFlow, { numRuns: FLOWS, seed });
      const packets = fc.sample(randomPacket, { numRuns: FLOWS * PACKETS_A_FLOW, seed });
      const frames = packets.map((packet, i) => frameOf(flows[i % FLOWS], packet, i));
      await daemon.control.onloadAll();
      await fixture.rules(...flows.map(ruleOf));
      const bySwitch = await received(frames);
      const forwarded = packets.filter((_, i) => !flows[i % FLOWS].actions.drop).length;
      assert.equal(bySwitch.size, forwarded, `lost by the vSwitch (seed ${seed})`);

      await daemon.control.resume();
      const { sender, node } = fixture;
      const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
      const warm = await startSender(sender.namespace, frames, sending, node.ovs.runDir);
      const offloaded = async () => {
        const all = await ours();
        const left = all.filter((flow) => flow.placement === 'onload').length;
        return all.length >= FLOWS && left <= all.length * MOST_LEFT ? true : undefined;
      };
      await waitFor('most flows are offloaded', offloaded, { timeoutMs: MOVE_MS });
      await warm.stop();

      const before = carriedBytes(await ours());
      const byNic = await received(frames);
      const carried = carriedBytes(await ours()) - before;
      const sent = frames.reduce((sum, frame) => sum + frame.length, 0);
      assert.ok(carried > sent / 2, `the NIC carried ${carried} of ${sent} bytes (seed ${seed})`);
      for (const [i, frame] of frames.entries()) {
        assert.equal(
          byNic.get(i),
          bySwitch.get(i),
          `packet ${i} (seed ${seed}) of rule ${ruleOf(flows[i % FLOWS])}: ${frame.toString('hex')}`,
        );
      }
      assert.equal(byNic.size, bySwitch.size);
    });
  }
});

function carriedBytes(flows: readonly FlowView[]): number {
  return flows.reduce((sum, flow) => sum + flow.carriedBytes, 0);
}
