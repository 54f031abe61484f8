import assert from 'node:assert/strict';
import { ethernet } from '../../lab/testbed/frames.ts';
import { deliveries, sendFrames } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { macsOf, MOVE_MS } from './fixture.ts';
import { type LeaseRig, MARGIN_MS, PACKETS_PER_SECOND } from './lease-rig.ts';

const LEASE_MS = 1_500;
/** Between readings; longer than the lease, which is kept by checks alone. */
const PERIOD_MS = 2_500;
/** Measurements until one has rare readings at its begin and its end. */
const ATTEMPTS = 3;
/** A heartbeat that takes longer than the packets behind it stays within so many of them. */
const OVERTAKEN = 50;
const ETHER_TYPE = 0x88b5;

/**
 * Fills the datapath with flows, offloads a stream with readings that are rarer than its lease, and
 * sees that it stays offloaded, and that it follows a changed rule within the lease, without any
 * notice of the change.
 */
export async function keepsLeaseBetweenReadings(rig: LeaseRig, flows: number): Promise<void> {
  const { fixture } = rig;
  const { ovs } = fixture.node;
  await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=600000');
  const rules = [
    `priority=9,in_port=1,dl_src=${macsOf(1).src},actions=output:2`,
    'priority=0,in_port=1,actions=NORMAL',
  ];
  // With this share, the cost of a reading leads to the maximum period.
  const poll = { periodMs: 250, maxPeriodMs: PERIOD_MS, sourceShare: 0.001 };
  const daemon = await rig.offloaded(poll, LEASE_MS, {
    rules,
    ovs: { flowMonitor: false, assumedIdleTimeout: 60 },
    beforeDaemon: () => fill(rig, flows),
  });
  const isRare = async () =>
    (await daemon.control.status()).tick.periodMs > LEASE_MS ? true : undefined;
  // Where a check costs much, readings follow the lease instead, which a busy machine can cause for a while.
  let stayedRare = false;
  for (let attempt = 0; attempt < ATTEMPTS && !stayedRare; attempt++) {
    await waitFor('readings are rarer than the lease', isRare, { timeoutMs: MOVE_MS });
    const before = await fixture.vswitchPackets(fixture.sender);
    const seconds = 2 * (PERIOD_MS / 1_000);
    const numbers = await rig.numbers(seconds * PACKETS_PER_SECOND, 2 * seconds * 1_000);
    const seen = (await fixture.vswitchPackets(fixture.sender)) - before;
    const { sent, lost } = deliveries(numbers, OVERTAKEN);
    assert.deepEqual(lost, [], `lost of ${sent} packets`);
    assert.ok(seen < 0.05 * sent, `${seen} of ${sent} packets by the vSwitch`);
    stayedRare = (await isRare()) === true;
  }
  assert.ok(stayedRare, `readings were not rarer than the lease in ${ATTEMPTS} attempts`);

  await sleep(Math.random() * PERIOD_MS);
  await rig.drop();
  const last = (await rig.arrivals(PERIOD_MS)).at(-1) ?? 0;
  assert.ok(last < LEASE_MS + MARGIN_MS, `packets for ${last} ms after the change`);
}

/** Sends one packet of each of so many flows. */
async function fill(rig: LeaseRig, flows: number): Promise<void> {
  const { namespace } = rig.fixture.sender;
  const { runDir } = rig.fixture.node.ovs;
  for (let first = 0; first < flows; first += 500) {
    const count = Math.min(500, flows - first);
    const frames = Array.from({ length: count }, (_, i) => frameOf(first + i));
    await sendFrames(namespace, frames, 4_000, runDir);
  }
}

function frameOf(n: number): Buffer {
  const src = `02:66:00:00:${hex(n >> 8)}:${hex(n & 0xff)}`;
  const payload = Buffer.alloc(46);
  return ethernet({ src, dst: '02:66:ff:00:00:01', etherType: ETHER_TYPE, payload });
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
