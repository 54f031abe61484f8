import assert from 'node:assert/strict';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { run } from '../../lab/testbed/run.ts';
import { startSender } from '../../lab/testbed/packets.ts';
import {
  EAGER,
  isUdpFlow,
  macsOf,
  MOVE_MS,
  needsRealNode,
  NodeFixture,
  udpFrames,
} from './fixture.ts';

const PACKETS_PER_SECOND = 500;
const SECONDS = 4;

describe('on the real node, a recording', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
  });
  after(() => fixture?.node.stop());

  it('has what the NIC and the vSwitch carried, and is replayed', async () => {
    const { node, sender } = fixture;
    const daemon = await fixture.startDaemon();
    await fixture.rules(`in_port=1,dl_src=${macsOf(1).src},actions=output:2`);
    const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
    const stream = await startSender(sender.namespace, udpFrames(1, 1), sending, node.ovs.runDir);
    const isCarried = isUdpFlow(1);
    await daemon.waitForFlow(
      'the flow is on the NIC',
      (flow) => isCarried(flow) && flow.placement === 'offload',
      MOVE_MS,
    );
    const file = join(node.ovs.runDir, 'node.nkrec');
    await daemon.command('record', file, '--for', `${SECONDS}s`);
    await stream.stop();

    const cli = join(packageRoot(), 'dist', 'cli', 'main.js');
    const args = [cli, 'replay', file, '--policy', EAGER, '--json'];
    const played = await run(process.execPath, args, { timeoutMs: 30_000 });
    const { trace, policies } = JSON.parse(played);
    const sent = (PACKETS_PER_SECOND * trace.durationMs) / 1000;
    assert.ok(Math.abs(trace.packets - sent) < 0.1 * sent, `${trace.packets} of ${sent} packets`);
    assert.equal(trace.bytes, trace.packets * udpFrames(1, 1)[0].length);
    assert.equal(trace.recorded.missedFlows, 0);
    // All but the heartbeats; a replay has to find the flow first.
    assert.ok(trace.recorded.packetCoverage > 0.95, played);
    assert.ok(policies[0].packetCoverage > 0.9, played);
  });
});
