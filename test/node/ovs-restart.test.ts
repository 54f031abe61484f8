import assert from 'node:assert/strict';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { needsRealNode, NodeFixture, rateFromNowOn } from './fixture.ts';

describe('on the real node, when Open vSwitch restarts', function () {
  this.timeout(90_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    await startIperf3Server(fixture.receiver.namespace);
  });
  beforeEach(async () => {
    daemon = await fixture.startDaemon();
  });
  afterEach(() => fixture?.tidy());
  after(() => fixture?.node.stop());

  it('the database alone: nothing moves, and new ports are seen after it', async () => {
    const { ovs } = fixture.node;
    const client = await fixture.startTcp(40);
    await fixture.waitForTcpOffloaded(daemon);
    await sleep(1_000);
    const usual = client.meanBitsPerSecond(1);
    const sinceMs = performance.now();
    await ovs.stopDatabase();
    await sleep(1_000);
    await ovs.startDatabase();
    const inSync = async () => ((await daemon.control.status()).tick.fresh ? true : undefined);
    await waitFor('fresh ticks', inSync, { timeoutMs: 10_000 });
    // Without its database ovs-vswitchd forwards nothing on the userspace datapath (it has lost its
    // lock there), the heartbeats neither: TCP may stumble over those.
    const since = client.meanBitsPerSecond((performance.now() - sinceMs) / 1_000);
    assert.ok(since > usual / 4, `a dip to ${since} from ${usual} bits/s`);
    await fixture.node.addVm(9);
    const known = async () =>
      (await daemon.control.status()).ports.some((port) => port.name === 'vm9') ? true : undefined;
    await waitFor('the new port is known', known, { timeoutMs: 5_000 });
    await client.end();
  });

  for (const how of ['SIGTERM', 'SIGKILL'] as const) {
    it(`ovs-vswitchd by ${how}: TCP lives and is offloaded again`, async () => {
      const { ovs } = fixture.node;
      const client = await fixture.startTcp(40);
      await fixture.waitForTcpOffloaded(daemon);
      await ovs.stopVswitchd(how);
      await ovs.startVswitchd();
      // A restart takes less time than a reading: the tick in progress, and the one before it, still
      // show the flows of the old process.
      const { sequence } = (await daemon.control.status()).tick;
      const isRead = async () => {
        const { tick } = await daemon.control.status();
        return tick.fresh && tick.sequence > sequence + 1 ? true : undefined;
      };
      await waitFor('ticks are fresh again', isRead, { timeoutMs: 10_000 });
      await fixture.waitForTcpOffloaded(daemon);
      const before = await fixture.vswitchPackets(fixture.sender);
      await sleep(1_000);
      const seen = (await fixture.vswitchPackets(fixture.sender)) - before;
      assert.ok(seen < 100, `the vSwitch still sees ${seen} packets a second`);
      assert.equal(daemon.process.exit, undefined, 'the daemon ended');
      assert.ok((await rateFromNowOn(client)) > 0);
    });
  }
});
