import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { FlowView } from '../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { ethernet, ipv4, MARKER, udp } from '../../lab/testbed/frames.ts';
import { sendFrames, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { EAGER, MOVE_MS, needsRealNode, NodeFixture } from './fixture.ts';

/** Prohibits 10.77.0.0/24. */
const NEVER_OFFLOAD = join(packageRoot(), 'policies', 'never-offload.json');
const PROHIBITED = [10, 77, 0, 5] as const;
const OTHER = [10, 80, 0, 5] as const;

describe('on the real node, "never offload to or from 10.77.0.0/24"', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    daemon = await fixture.startDaemon({ policies: [EAGER, NEVER_OFFLOAD] });
  });
  after(() => fixture?.node.stop());

  /** Frames between the VMs, from an IP address. */
  function framesFrom(address: readonly number[]): Buffer[] {
    const { sender, receiver } = fixture;
    const ip = {
      src: Buffer.from(address),
      dst: Buffer.from([10, 90, 0, 1]),
      protocol: 17,
      ttl: 64,
      tos: 0,
    };
    const payload = Buffer.concat([MARKER, Buffer.alloc(64)]);
    return Array.from({ length: 20 }, (_, i) =>
      ethernet({
        src: sender.mac,
        dst: receiver.mac,
        etherType: 0x0800,
        payload: ipv4(ip, i, udp(ip, 1000, 2000, payload)),
      }),
    );
  }

  /** Replaces the rules; the bridge then learns the port of the receiver. */
  async function forwardByMac(...rules: readonly string[]): Promise<void> {
    const { node, sender, receiver } = fixture;
    await fixture.rules(...rules);
    const hello = ethernet({
      src: receiver.mac,
      dst: sender.mac,
      etherType: 0x88b5,
      payload: Buffer.alloc(46),
    });
    await sendFrames(receiver.namespace, [hello, hello], 10, node.ovs.runDir);
  }

  async function sent(): Promise<readonly FlowView[]> {
    const flows = await daemon.flows();
    return flows.filter((f) => f.inPort === fixture.sender.name && f.packetsPerSecond > 50);
  }

  it('keeps a flow that matches no address on the vSwitch', async () => {
    const { sender, node } = fixture;
    await forwardByMac('priority=0,actions=NORMAL');
    const sending = { packetsPerSecond: 300, rounds: 0 };
    const stream = await startSender(
      sender.namespace,
      framesFrom(PROHIBITED),
      sending,
      node.ovs.runDir,
    );
    const isThere = async () => ((await sent()).length > 0 ? true : undefined);
    await waitFor('the flow', isThere, { timeoutMs: MOVE_MS });
    await sleep(2_000);
    const [flow, ...more] = await sent();
    assert.deepEqual(more, []);
    assert.doesNotMatch(flow.match, /ipv4_src/);
    assert.deepEqual(flow.outPorts, [fixture.receiver.name]);
    assert.equal(flow.rule, 'never-offload/subnets');
    assert.equal(flow.placement, 'onload');
    assert.equal(flow.carriedBytes, 0);
    await stream.stop();
  });

  it('offloads others once the vSwitch tells them apart', async () => {
    const { sender, node } = fixture;
    await forwardByMac(
      'priority=0,actions=NORMAL',
      'priority=100,ip,nw_dst=10.77.0.0/24,actions=NORMAL',
      'priority=100,ip,nw_src=10.77.0.0/24,actions=NORMAL',
    );
    const both = [...framesFrom(PROHIBITED), ...framesFrom(OTHER)];
    const sending = { packetsPerSecond: 600, rounds: 0 };
    const stream = await startSender(sender.namespace, both, sending, node.ovs.runDir);
    const isOffloaded = async () =>
      (await sent()).some((flow) => flow.placement === 'offload') ? true : undefined;
    await waitFor('the other flow is offloaded', isOffloaded, { timeoutMs: MOVE_MS });
    await sleep(1_000);
    const flows = await sent();
    const prohibited = flows.filter((flow) => flow.rule === 'never-offload/subnets');
    const others = flows.filter((flow) => flow.rule === 'eager/moving');
    assert.ok(prohibited.length > 0 && others.length > 0, JSON.stringify(flows, undefined, 1));
    for (const flow of prohibited) assert.equal(flow.carriedBytes, 0, flow.match);
    for (const flow of others) assert.match(flow.match, /ipv4_src=10\.80\.0\.0\/12/);
    await stream.stop();
  });
});
