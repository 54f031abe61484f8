import assert from 'node:assert/strict';
import { Capture, sequenceOf, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

const ENTRIES = 6;
const FLOWS = 15;

describe('on the real node, with a full table', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
  });
  after(() => fixture?.node.stop());

  it('the other flows stay on the vSwitch with a reason, every packet arrives, and a growing flow is offloaded', async () => {
    const { node, sender, receiver } = fixture;
    const daemon = await fixture.startDaemon({ backend: { entries: ENTRIES } });
    const numbers = Array.from({ length: FLOWS }, (_, i) => i + 1);
    await fixture.rules(
      ...numbers.map((flow) => `in_port=1,dl_src=${macsOf(flow).src},actions=output:2`),
    );
    const capture = await Capture.start(receiver.namespace);
    const frames = numbers.flatMap((flow) => udpFrames(flow, 1, flow));
    const sending = { packetsPerSecond: 600, rounds: 0 };
    const stream = await startSender(sender.namespace, frames, sending, node.ovs.runDir);
    const ours = async () => {
      const flows = await daemon.flows();
      return flows.filter((flow) => numbers.some((number) => isUdpFlow(number)(flow)));
    };
    const full = async () => {
      const flows = await ours();
      const placed = flows.filter((flow) => flow.placement === 'offload').length;
      return placed === ENTRIES && flows.length === FLOWS ? flows : undefined;
    };
    const flows = await waitFor('the table is full', full, { timeoutMs: MOVE_MS });
    const left = flows.filter((flow) => flow.placement === 'onload');
    assert.equal(left.length, FLOWS - ENTRIES);
    await sleep(1_000);
    // A flow that has just got the entry of another is on the vSwitch until a packet takes it: rates
    // that differ by the jitter of the sender allow a swap now and then.
    const settled = async () => {
      const all = await ours();
      return all.some((flow) => flow.reason.code === 'installing') ? undefined : all;
    };
    const now = await waitFor('no swap is under way', settled, { timeoutMs: MOVE_MS });
    const without = now.filter((flow) => flow.entry !== 'offload');
    assert.equal(without.length, FLOWS - ENTRIES);
    const reasons = new Set(without.map((flow) => flow.reason.code));
    // Flows of one rate: a swap would gain nothing, or no more than noise.
    assert.ok(
      [...reasons].every((code) => code === 'table-full' || code === 'small-gain'),
      [...reasons].join(),
    );
    const { backend } = await daemon.control.status();
    assert.equal(backend?.used, ENTRIES);
    assert.equal(backend.learnedEntries, ENTRIES, 'the NIC refused nothing');

    capture.take();
    await sleep(1_000);
    const perFlow = new Map<number, number>();
    for (const frame of capture.take()) {
      const flow = sequenceOf(frame.bytes) ?? 0;
      perFlow.set(flow, (perFlow.get(flow) ?? 0) + 1);
    }
    const counts = numbers.map((flow) => perFlow.get(flow) ?? 0);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 3, `packets a flow: ${counts.join()}`);

    const outside = (await ours()).filter((flow) => flow.placement === 'onload');
    const grown = numbers.find((number) => outside.some(isUdpFlow(number)));
    assert.ok(grown !== undefined);
    const faster = { packetsPerSecond: 1_000, rounds: 0 };
    const burst = await startSender(
      sender.namespace,
      udpFrames(grown, 1, grown),
      faster,
      node.ovs.runDir,
    );
    const swapped = async () => {
      const flow = (await ours()).find(isUdpFlow(grown));
      return flow?.placement === 'offload' ? flow : undefined;
    };
    await waitFor('the flow that grew has an entry', swapped, { timeoutMs: MOVE_MS });
    const after = (await daemon.control.status()).backend;
    assert.deepEqual([after?.used, after?.learnedEntries], [ENTRIES, ENTRIES]);
    await burst.stop();
    await stream.stop();
    assert.equal(await daemon.stop(), 0);
  });
});
