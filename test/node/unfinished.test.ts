import assert from 'node:assert/strict';
import { ethernet, ipv4, MARKER, udp } from '../../lab/testbed/frames.ts';
import { Iperf3Client, startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { BRIDGE } from '../../lab/testbed/node.ts';
import { startSender } from '../../lab/testbed/packets.ts';
import { run } from '../../lab/testbed/run.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture } from './fixture.ts';

/** Least throughput beside that without Norikae: runs on a busy machine differ; a loss of TSO halves it. */
const MIN_SHARE = 0.6;
const DETACH_AFTER_MS = 1_000;

/** Datagrams as a sender queues them that leaves the checksum to its device. */
function unfinishedFrames(flow: number, count: number): readonly Buffer[] {
  const src = Buffer.from([10, 77, 0, flow]);
  const ip = { src, dst: Buffer.from([10, 78, 0, flow]), protocol: 17, ttl: 64, tos: 0 };
  return Array.from({ length: count }, (_, i) => {
    const datagram = udp(ip, 1_000 + flow, 2_000 + flow, Buffer.concat([MARKER, Buffer.alloc(64)]));
    datagram.writeUInt16BE(0x1234 + i, 6);
    return ethernet({ ...macsOf(flow), etherType: 0x0800, payload: ipv4(ip, i, datagram) });
  });
}

describe('on the real node, packets that no entry can carry', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
  });
  after(() => fixture?.node.stop());
  afterEach(() => fixture?.tidy());

  const hasProgram = async (name: string): Promise<boolean> => {
    const { host } = fixture.node.ovs;
    return (await run('ip', ['-n', host.name, 'link', 'show', name])).includes('prog/xdp');
  };

  it('have their entry released and explained, and their port detached', async () => {
    const { sender, receiver, node } = fixture;
    await fixture.rules(`in_port=1,dl_src=${macsOf(1).src},actions=output:2`);
    const daemon = await fixture.startDaemon({ backend: { detachAfterMs: DETACH_AFTER_MS } });
    const sending = { packetsPerSecond: 500, rounds: 0 };
    const frames = unfinishedFrames(1, 10);
    const stream = await startSender(sender.namespace, frames, sending, node.ovs.runDir);
    const isOne = isUdpFlow(1);
    const placements: string[] = [];
    const released = await daemon.waitForFlow(
      'the entry is released',
      (flow) => {
        if (isOne(flow)) placements.push(flow.placement);
        return isOne(flow) && flow.reason.code === 'carries-nothing' && flow.entry === null;
      },
      MOVE_MS,
    );
    assert.ok(placements.length > 2);
    assert.deepEqual([...new Set(placements)], ['onload'], 'never shown as offloaded');
    assert.equal(released.carriedBytes, 0);
    const why = await daemon.command('why', released.id);
    assert.match(why, /its last entry carried 0 of [\d,]+ packets in .*checksums/);
    assert.match(why, /it is tried again in [\d.]+ s/);
    const gone = async () => ((await hasProgram(sender.name)) ? undefined : true);
    await waitFor('the port is detached', gone, { timeoutMs: 5_000 });
    assert.equal(await hasProgram(receiver.name), false, 'no flow enters by this port');
    assert.deepEqual((await daemon.control.status()).backend?.unservedPorts, []);
    await sleep(2_000);
    assert.equal((await daemon.flows()).find(isOne)?.entry, null, 'not tried again soon');
    await stream.stop();
  });

  it('keep their segmentation offload and their throughput', async () => {
    const { sender, receiver, node } = fixture;
    await node.ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:userspace-tso-enable=true');
    await node.ovs.stopVswitchd();
    await node.ovs.startVswitchd();
    await node.ovs.ofctl('del-flows', BRIDGE);
    await node.ovs.ofctl('add-flow', BRIDGE, 'actions=NORMAL');
    for (const vm of [sender, receiver]) {
      await vm.namespace.exec('ethtool', ['-K', 'eth0', 'tx', 'on', 'tso', 'on', 'gso', 'on']);
    }
    const server = await startIperf3Server(receiver.namespace);
    const bitsPerSecond = async (seconds = 4): Promise<number> => {
      const options = { server: receiver.address, seconds, intervalSeconds: 1 };
      const client = await Iperf3Client.start(sender.namespace, options);
      await client.process.exited;
      return client.meanBitsPerSecond(60);
    };
    const before = await bitsPerSecond();
    const daemon = await fixture.startDaemon();
    const running = bitsPerSecond(8);
    const elephant = await daemon.waitForFlow(
      'the decision on the flow with segments',
      (flow) => flow.inPort === sender.name && flow.reason.code === 'oversized',
      MOVE_MS,
    );
    assert.equal(elephant.entry, null);
    const features = await sender.namespace.exec('ethtool', ['-k', 'eth0']);
    assert.match(features, /^tcp-segmentation-offload: on/m);
    assert.equal(await hasProgram(sender.name), false);
    const beside = await running;
    await daemon.stop();
    const after = await bitsPerSecond();
    await server.stop();
    const without = Math.min(before, after);
    assert.ok(
      beside > MIN_SHARE * without,
      `${[before, beside, after].map((bits) => (bits / 1e9).toFixed(2)).join(', ')} Gbit/s`,
    );
  });
});
