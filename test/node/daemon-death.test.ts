import assert from 'node:assert/strict';
import { startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { needsRealNode, NodeFixture, rateFromNowOn, READ_MS, slowestSince } from './fixture.ts';

/** A vSwitch that sees more packets a second than this carries the connection. */
const BUSY_PPS = 500;

describe('on the real node, when the daemon dies', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    await startIperf3Server(fixture.receiver.namespace);
  });
  afterEach(() => fixture?.tidy());
  after(() => fixture?.node.stop());

  /** Resolves to the ms until the vSwitch carries the connection. */
  async function untilOnVswitch(sinceMs: number, timeoutMs: number): Promise<number> {
    let packets = await fixture.vswitchPackets(fixture.sender);
    let atMs = performance.now();
    const look = async () => {
      const now = await fixture.vswitchPackets(fixture.sender);
      const rate = (now - packets) / ((performance.now() - atMs) / 1_000);
      packets = now;
      atMs = performance.now();
      return rate > BUSY_PPS ? atMs - sinceMs : undefined;
    };
    return waitFor('the vSwitch carries the traffic', look, { timeoutMs });
  }

  /** Asserts that the vSwitch saw heartbeats alone of what was sent since then. */
  async function assertHeartbeats(packets: number, sinceMs: number): Promise<void> {
    const seen = (await fixture.vswitchPackets(fixture.sender)) - packets;
    const seconds = (performance.now() - sinceMs) / 1_000;
    assert.ok(seen <= 3 * (seconds + 2), `the vSwitch saw ${seen} packets in ${seconds} s`);
  }

  for (const [how, signal] of [
    ['killed', 'SIGKILL'],
    ['frozen', 'SIGSTOP'],
  ] as const) {
    it(`${how}, traffic is back on the vSwitch within the lease, and TCP lives`, async () => {
      const leaseMs = 1_000;
      const daemon = await fixture.startDaemon({ backend: { leaseMs } });
      const client = await fixture.startTcp(40);
      await fixture.waitForTcpOffloaded(daemon);
      daemon.process.kill(signal);
      const tookMs = await untilOnVswitch(performance.now(), leaseMs + 3_000);
      assert.ok(tookMs < leaseMs + 500, `it took ${tookMs} ms`);
      const rate = await rateFromNowOn(client);
      assert.ok(rate > 1e7, `the connection goes on with ${rate} bits/s`);
      daemon.process.kill('SIGKILL');
      await daemon.process.exited;
    });
  }

  it('a restarted daemon adopts the entries without interruption', async () => {
    const settings = { backend: { leaseMs: 20_000 } };
    const first = await fixture.startDaemon(settings);
    const client = await fixture.startTcp(40);
    await fixture.waitForTcpOffloaded(first);
    await sleep(1_500);
    const usual = client.meanBitsPerSecond(1);
    const packets = await fixture.vswitchPackets(fixture.sender);
    const killedMs = performance.now();
    await first.kill();
    const second = await fixture.startDaemon(settings);
    const adopted = (await second.flows()).filter((f) => f.entry === 'offload');
    assert.ok(adopted.length >= 2, 'the first tick does not have the adopted flows');
    // Their counters show that they carry from the second reading on.
    await second.readAgain(READ_MS);
    const flows = (await second.flows()).filter((f) => f.placement === 'offload');
    assert.ok(flows.length >= 2, 'the adopted flows are not shown as offloaded');
    const carried = flows.reduce((sum, flow) => sum + flow.carriedBytes, 0);
    await sleep(1_500);
    await assertHeartbeats(packets, killedMs);
    const later = (await second.flows()).filter((f) => f.placement === 'offload');
    const more = later.reduce((sum, flow) => sum + flow.carriedBytes, 0) - carried;
    assert.ok(more * 8 > usual / 2, `the NIC carried but ${more} bytes more`);
    const slowest = slowestSince(client, killedMs);
    assert.ok(slowest > usual / 2, `a dip to ${slowest} from ${usual} bits/s`);
    await client.end();
    assert.equal(await second.stop(), 0);
  });

  it('with onExit keep, it exits with 0 and the next one adopts the entries', async () => {
    const settings = { backend: { leaseMs: 20_000 }, onExit: 'keep' } as const;
    const first = await fixture.startDaemon(settings);
    const client = await fixture.startTcp(40);
    await fixture.waitForTcpOffloaded(first);
    await sleep(500);
    const packets = await fixture.vswitchPackets(fixture.sender);
    const endMs = performance.now();
    assert.equal(await first.stop(), 0);
    const second = await fixture.startDaemon({ backend: { leaseMs: 20_000 } });
    await sleep(500);
    await assertHeartbeats(packets, endMs);
    await client.end();
    assert.equal(await second.stop(), 0);
  });

  it('with onExit withdraw, it exits with 0 and the vSwitch has all traffic at once', async () => {
    const daemon = await fixture.startDaemon({ backend: { leaseMs: 20_000 } });
    const client = await fixture.startTcp(40);
    await fixture.waitForTcpOffloaded(daemon);
    const endMs = performance.now();
    assert.equal(await daemon.stop(), 0);
    await untilOnVswitch(endMs, 2_000);
    await client.end();
  });
});
