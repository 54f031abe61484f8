import assert from 'node:assert/strict';
import type { FlowView } from '../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import type { ManagedProcess } from '../../lab/testbed/managed-process.ts';
import type { Vm } from '../../lab/testbed/node.ts';
import { Capture, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

const LEASE_MS = 6_000;

describe('on the real node, when a port goes away', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
  });
  beforeEach(async () => {
    daemon = await fixture.startDaemon({ backend: { leaseMs: LEASE_MS } });
  });
  afterEach(() => fixture?.tidy());
  after(() => fixture?.node.stop());

  /** A VM that gets a stream of packets from the sender by way of the NIC. */
  async function receiving(number: number): Promise<{ vm: Vm; stream: ManagedProcess }> {
    const { node, sender } = fixture;
    const vm = await node.addVm(number);
    await fixture.rules(`in_port=1,dl_src=${macsOf(number).src},actions=output:${number}`);
    const capture = await Capture.start(vm.namespace);
    const sending = { packetsPerSecond: 1_000, rounds: 0 };
    const frames = udpFrames(number, 10);
    const stream = await startSender(sender.namespace, frames, sending, node.ovs.runDir);
    const isIt = isUdpFlow(number);
    await daemon.waitForFlow(
      'offloaded',
      (flow) => isIt(flow) && flow.placement === 'offload' && flow.outPorts.includes(vm.name),
      MOVE_MS,
    );
    await waitFor('packets', () => (capture.frames.length > 0 ? true : undefined), {
      timeoutMs: 2_000,
    });
    await capture.stop();
    return { vm, stream };
  }

  async function offloadedTo(vm: Vm): Promise<readonly FlowView[]> {
    return (await daemon.flows()).filter(
      (flow) => flow.outPorts.includes(vm.name) && flow.placement === 'offload',
    );
  }

  async function assertNothing(heir: Vm, ms: number): Promise<void> {
    const stray = await Capture.start(heir.namespace);
    await sleep(ms);
    assert.equal(stray.frames.length, 0, 'the heir got packets that were not for it');
    await stray.stop();
  }

  for (const [how, sameName, number] of [
    ['another name', false, 3],
    ['the same name', true, 4],
  ] as const) {
    it(`its entries are gone at once; one with its ifindex and ${how} gets nothing`, async () => {
      const { node } = fixture;
      const { vm, stream } = await receiving(number);
      let takenOutMs: number | undefined;
      daemon.onLog((line) => {
        if (line.msg.startsWith('removed the entries')) takenOutMs ??= performance.now();
      });
      const goneMs = performance.now();
      await node.removeVm(vm);
      const { ifindex } = vm.port;
      const heir = await node.addVm(sameName ? number : 13, { ifindex, detached: true });
      assert.equal(heir.port.ifindex, ifindex);
      const took = await waitFor('the entry is taken out', () => takenOutMs, { timeoutMs: 2_000 });
      assert.ok(took - goneMs < 1_000, `it took ${took - goneMs} ms`);
      // The vSwitch now drops the flow's packets; that may well be offloaded.
      assert.deepEqual(await offloadedTo(vm), []);
      await assertNothing(heir, 1_000);
      await stream.stop();
      await heir.port.delete();
    });
  }

  it('while the daemon hangs, one with its ifindex gets nothing either', async () => {
    const { node } = fixture;
    const { vm, stream } = await receiving(5);
    daemon.process.kill('SIGSTOP');
    const { ifindex } = vm.port;
    await node.removeVm(vm);
    const heir = await node.addVm(15, { ifindex });
    await assertNothing(heir, 1_500);
    daemon.process.kill('SIGCONT');
    await assertNothing(heir, 1_500);
    await stream.stop();
    await node.removeVm(heir);
  });

  it('while no daemon runs, the next one does not adopt what was for it', async () => {
    const { node } = fixture;
    const { vm, stream } = await receiving(6);
    await daemon.kill();
    const { ifindex } = vm.port;
    await node.removeVm(vm);
    const heir = await node.addVm(6, { ifindex, ofport: 16 });
    daemon = await fixture.startDaemon({ backend: { leaseMs: LEASE_MS } });
    await assertNothing(heir, 2_000);
    assert.deepEqual(await offloadedTo(heir), []);
    await stream.stop();
    await node.removeVm(heir);
  });
});
