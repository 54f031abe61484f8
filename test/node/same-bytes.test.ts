import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FlowView } from '../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { Capture, sendFrames, sequenceOf, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { MOVE_MS, needsRealNode, NodeFixture } from './fixture.ts';
import { frameOf, type RandomFlow, randomFlow, randomPacket, ruleOf } from './random-flows.ts';

const FLOWS = 40;
const PACKETS_A_FLOW = 8;
const PACKETS_PER_SECOND = 400;

describe('on the real node, NIC and vSwitch rewrite headers alike', function () {
  this.timeout(90_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;
  let capture: Capture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    capture = await Capture.start(fixture.receiver.namespace);
    // A flow with one packet in a round must not have a heartbeat just then.
    daemon = await fixture.startDaemon({ backend: { masks: 128, heartbeatMs: 5_000 } });
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

  /** The vSwitch's flows that belong to the random flows. */
  async function flowsOf(flows: readonly RandomFlow[]): Promise<readonly FlowView[]> {
    const macs = new Set(flows.map((flow) => `eth_src=${flow.srcMac}`));
    return (await daemon.flows()).filter((flow) =>
      flow.match.split(',').some((word) => macs.has(word)),
    );
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
        const all = await flowsOf(flows);
        const left = all.filter((flow) => flow.placement === 'onload' && !staysOnVswitch(flow));
        return all.length >= FLOWS && left.length === 0 ? true : undefined;
      };
      await waitFor('every flow is offloaded', offloaded, { timeoutMs: MOVE_MS });
      await warm.stop();

      const before = new Map((await flowsOf(flows)).map((flow) => [flow.id, flow.carriedBytes]));
      const byNic = await received(frames);
      for (const flow of await flowsOf(flows)) {
        const carried = flow.carriedBytes - (before.get(flow.id) ?? 0);
        assert.ok(
          carried > 0 || staysOnVswitch(flow),
          `the NIC carried nothing of ${flow.match} (seed ${seed})`,
        );
      }
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

/**
 * With a tag behind the one that the vSwitch looks at, or of a protocol whose checksums the NIC does
 * not know.
 */
function staysOnVswitch({ match, outPorts }: FlowView): boolean {
  return (
    match.includes('eth_type=0x8100') || (match.includes('eth_type=0x88b5') && outPorts.length > 0)
  );
}
