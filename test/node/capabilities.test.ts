import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { sleep } from '../../lab/testbed/wait.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { needsRealNode, NodeFixture } from './fixture.ts';

describe('on the real node, a daemon with the capabilities of the systemd unit', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let capabilities: readonly string[];

  before(async function () {
    needsRealNode(this);
    const unit = await readFile(join(packageRoot(), 'daemon/systemd/norikae.service'), 'utf8');
    const names = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1].split(' ') ?? [];
    capabilities = names.map((name) => name.replace(/^CAP_/, '').toLowerCase());
    fixture = await NodeFixture.start();
    await startIperf3Server(fixture.receiver.namespace);
  });
  afterEach(() => fixture?.tidy());
  after(() => fixture?.node.stop());

  it('does without CAP_SYS_ADMIN', () => {
    assert.deepEqual([...capabilities].sort(), ['bpf', 'net_admin', 'perfmon']);
  });

  it('offloads, restarts and adopts, and withdraws', async () => {
    const settings = { backend: { leaseMs: 20_000 }, capabilities };
    const first = await fixture.startDaemon(settings);
    const client = await fixture.startTcp(40);
    await fixture.waitForTcpOffloaded(first);
    const packets = await fixture.vswitchPackets(fixture.sender);
    const killedMs = performance.now();
    await first.kill();
    const second = await fixture.startDaemon(settings);
    await sleep(500);
    const seen = (await fixture.vswitchPackets(fixture.sender)) - packets;
    const seconds = (performance.now() - killedMs) / 1_000;
    assert.ok(seen <= 3 * (seconds + 2), `the vSwitch saw ${seen} packets in ${seconds} s`);
    assert.equal((await second.control.status()).backend?.unservedPorts.length, 0);
    const { withdrawn } = await second.control.onloadAll();
    assert.ok(withdrawn >= 2, `onload-all moved ${withdrawn} flows`);
    await client.end();
    assert.equal(await second.stop(), 0);
    const links = await Promise.all(
      [fixture.sender, fixture.receiver].map(({ name }) =>
        fixture.node.ovs.host.exec('ip', ['link', 'show', name]),
      ),
    );
    assert.doesNotMatch(links.join(), /prog\/xdp/);
  });
});
