import assert from 'node:assert/strict';
import type { FlowView } from '../../api/flow-views.ts';
import { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { ethernet, ipv4, MARKER, tcp } from '../../lab/testbed/frames.ts';
import { BRIDGE, TestNode, type Vm } from '../../lab/testbed/node.ts';
import { Capture, sendFrames, sequenceOf, startSender } from '../../lab/testbed/packets.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { EAGER, isUdpFlow, macsOf, MOVE_MS, needsRealNode } from './fixture.ts';

const MTU = 9_000;
const PACKETS_PER_SECOND = 300;
/** Bytes of payload: of one buffer, of two, and as many as the MTU allows. */
const SIZES = [100, 3_000, 3_600, 5_000, MTU - 40 - 4, MTU - 40];
/** What is done to the frames of a flow, by its number. */
const ACTIONS = ['', 'dec_ttl,', 'mod_vlan_vid:7,', 'mod_dl_src:02:79:00:00:00:01,'];
const ACK = 0x10;

/** TCP segments of all sizes, numbered, with correct checksums. */
function segments(flow: number): readonly Buffer[] {
  const ip = {
    src: Buffer.from([10, 77, 0, flow]),
    dst: Buffer.from([10, 78, 0, flow]),
    protocol: 6,
    ttl: 64,
    tos: 0,
  };
  return SIZES.map((size, n) => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(flow * SIZES.length + n);
    const rest = Buffer.alloc(size - MARKER.length - number.length, n + 1);
    const data = Buffer.concat([MARKER, number, rest]);
    const payload = ipv4(ip, n, tcp(ip, 1_000 + flow, 2_000 + flow, n, ACK, data));
    return ethernet({ ...macsOf(flow), etherType: 0x0800, payload });
  });
}

describe('on the real node, frames of several buffers', function () {
  this.timeout(60_000);
  let node: TestNode;
  let sender: Vm;
  let receiver: Vm;
  let daemon: NorikaeDaemon;
  let capture: Capture;

  before(async function () {
    needsRealNode(this);
    node = await TestNode.start();
    sender = await node.addVm(1, { mtu: MTU });
    receiver = await node.addVm(2, { mtu: MTU });
    await node.ovs.ofctl('del-flows', BRIDGE);
    for (const [flow, actions] of ACTIONS.entries()) {
      const match = `in_port=1,ip,dl_src=${macsOf(flow).src}`;
      await node.ovs.ofctl('add-flow', BRIDGE, `${match},actions=${actions}output:2`);
    }
    capture = await Capture.start(receiver.namespace);
    daemon = await NorikaeDaemon.start(node, {
      policies: [EAGER],
      planner: { minHoldMs: 0 },
      backend: { heartbeatMs: 5_000, leaseMs: 5_000 },
    });
  });
  after(async () => {
    await daemon?.stop();
    await node?.stop();
  });

  const flows = ACTIONS.map((_, flow) => flow);
  const frames = flows.flatMap(segments);

  /** What the receiver gets of the frames, in hexadecimal, by number. */
  async function received(): Promise<ReadonlyMap<number, string>> {
    capture.take();
    await sendFrames(sender.namespace, frames, PACKETS_PER_SECOND, node.ovs.runDir);
    const enough = () => (capture.frames.length >= frames.length ? true : undefined);
    await waitFor('all frames arrive', enough, { timeoutMs: 5_000 });
    return new Map(
      capture.take().map(({ bytes }) => [sequenceOf(bytes) ?? -1, bytes.toString('hex')]),
    );
  }

  const views = async (): Promise<readonly FlowView[]> =>
    (await daemon.flows()).filter((view) => flows.some((flow) => isUdpFlow(flow)(view)));

  it('are forwarded by the NIC as the vSwitch forwards them, and counted to the byte', async () => {
    await daemon.control.onloadAll();
    const bySwitch = await received();
    assert.equal(bySwitch.size, frames.length);

    await daemon.control.resume();
    const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
    const warm = await startSender(sender.namespace, frames, sending, node.ovs.runDir);
    const offloaded = async () => {
      const all = await views();
      return all.length === flows.length && all.every((view) => view.placement === 'offload')
        ? true
        : undefined;
    };
    await waitFor('every flow is offloaded', offloaded, { timeoutMs: MOVE_MS });
    await warm.stop();
    await daemon.readAgain(MOVE_MS);

    const before = await sums();
    const byNic = await received();
    assert.deepEqual([...byNic.keys()].toSorted(byNumber), [...bySwitch.keys()].toSorted(byNumber));
    for (const [number, bytes] of bySwitch)
      assert.equal(byNic.get(number), bytes, `frame ${number}`);
    await daemon.readAgain(MOVE_MS);
    const sent = frames.reduce((sum, frame) => sum + frame.length, 0);
    const after = await sums();
    assert.equal(after.bytes - before.bytes, sent);
    // At most one packet of a flow is a heartbeat in this time.
    const heartbeats = flows.length * MTU;
    assert.ok(after.carried - before.carried > sent - heartbeats, JSON.stringify([before, after]));
  });

  it('stay on the vSwitch where the output would drop them', async () => {
    const { host } = node.ovs;
    // The driver of a tap sends frames of one buffer only (drivers/net/tun.c).
    await host.exec('ip', ['tuntap', 'add', 'dev', 'tap3', 'mode', 'tap']);
    await host.exec('ip', ['link', 'set', 'tap3', 'mtu', String(MTU), 'up']);
    await node.ovs.addPort({ bridge: BRIDGE, name: 'tap3', ofport: 3 });
    const flow = 9;
    const match = `in_port=1,ip,dl_src=${macsOf(flow).src}`;
    await node.ovs.ofctl('add-flow', BRIDGE, `${match},actions=output:3`);
    const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
    const stream = await startSender(sender.namespace, segments(flow), sending, node.ovs.runDir);
    const isRefused = (view: FlowView) =>
      isUdpFlow(flow)(view) && view.outPorts.includes('tap3') && view.reason.code === 'unsupported';
    const view = await daemon.waitForFlow('refused', isRefused, MOVE_MS);
    assert.match(JSON.stringify(await daemon.control.why(view.id)), /tap3 .*several buffers/);
    await stream.stop();
  });

  /** Bytes of all flows: on both paths, and of those by the NIC. */
  async function sums(): Promise<{ readonly bytes: number; readonly carried: number }> {
    const all = await views();
    return {
      bytes: all.reduce((sum, view) => sum + view.bytes, 0),
      carried: all.reduce((sum, view) => sum + view.carriedBytes, 0),
    };
  }
});

function byNumber(a: number, b: number): number {
  return a - b;
}
