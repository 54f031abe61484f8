import assert from 'node:assert/strict';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { Capture, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

describe('on the real node, when a port goes away', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    daemon = await fixture.startDaemon();
  });
  after(() => fixture?.node.stop());

  for (const [how, sameName] of [
    ['another name', false],
    ['the same name', true],
  ] as const) {
    it(`its entries are gone at once; one with its ifindex and ${how} gets nothing`, async () => {
      const { node, sender } = fixture;
      const number = sameName ? 4 : 3;
      const gone = await node.addVm(number);
      const { src } = macsOf(number);
      await fixture.rules(`in_port=1,dl_src=${src},actions=output:${number}`);
      const capture = await Capture.start(gone.namespace);
      const sending = { packetsPerSecond: 1_000, rounds: 0 };
      const frames = udpFrames(number, 10);
      const stream = await startSender(sender.namespace, frames, sending, node.ovs.runDir);
      const isIt = isUdpFlow(number);
      await daemon.waitForFlow(
        'offloaded',
        (flow) => isIt(flow) && flow.placement === 'offload',
        MOVE_MS,
      );
      assert.ok(capture.frames.length > 0);

      await node.removeVm(gone);
      const goneMs = performance.now();
      const ifindex = gone.port.ifindex;
      const heir = await node.addVm(sameName ? number : 5, { ifindex, detached: true });
      assert.equal(heir.port.ifindex, ifindex);
      const stray = await Capture.start(heir.namespace);
      const look = async () => {
        const flows = await daemon.flows();
        return flows.every((flow) => !isIt(flow) || flow.placement === 'onload') ? true : undefined;
      };
      await waitFor('no entry is left', look, { timeoutMs: 2_000, everyMs: 20 });
      const tookMs = performance.now() - goneMs;
      assert.ok(tookMs < 1_500, `it took ${tookMs} ms, the heir's creation included`);
      await sleep(1_000);
      assert.equal(stray.frames.length, 0, 'the heir got packets that were not for it');
      await stream.stop();
      await heir.port.delete();
    });
  }
});
