import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { MARKER, ethernet, ipv4, tcp, udp } from '../../../../lab/testbed/frames.ts';
import { sendFrames, startSender } from '../../../../lab/testbed/packets.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from '../support/object.ts';
import { PassedFrames } from '../support/passed.ts';
import { ProgramRun, VERDICT } from './support/program-run.ts';
import { World } from '../support/world.ts';

const ENTRIES = 16;
const HEARTBEAT_MS = 200;
/** A little less than the gap that the program takes for a pause, ms. */
const MIN_PAUSE_MS = 1.9;
const IP = { src: Buffer.from([10, 7, 0, 1]), dst: Buffer.from([10, 7, 0, 2]), ttl: 64, tos: 0 };
const MACS = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
const FIN = 0x01;
const PSH = 0x08;
const ACK = 0x10;

/** A frame of UDP with `size` bytes of data. */
function udpFrame(size: number): Buffer {
  const header = { ...IP, protocol: 17 };
  const data = Buffer.concat([MARKER, Buffer.alloc(size - MARKER.length)]);
  const payload = ipv4(header, 1, udp(header, 5, 9, data));
  return ethernet({ ...MACS, etherType: 0x0800, payload });
}

function udpFrames(count: number): Buffer[] {
  return Array.from({ length: count }, () => udpFrame(52));
}

/** A frame of TCP with these flags. */
function tcpFrame(flags: number): Buffer {
  const header = { ...IP, protocol: 6 };
  const data = Buffer.concat([MARKER, Buffer.alloc(44)]);
  const payload = ipv4(header, 1, tcp(header, 5, 9, 1, flags, data));
  return ethernet({ ...MACS, etherType: 0x0800, payload });
}

describe('XDP heartbeats and the order of packets', function () {
  this.timeout(30_000);
  let world: World;
  let backend: HostBackend;
  let passed: PassedFrames;
  let pinPath = '';
  let inPort = '';
  let outPort = '';

  before(async function () {
    needs(this, 'root', 'netns', 'xdp', 'debian-python3');
    world = await World.create(2);
    [inPort, outPort] = world.names();
    passed = await PassedFrames.on(world.cleanup, inPort);
  });
  after(() => world?.close());

  beforeEach(async () => {
    pinPath = world.pinPath();
    backend = xdpTable({
      pinPath,
      objectPath: builtObject(),
      entries: ENTRIES,
      masks: 8,
      leaseMs: 60_000,
      heartbeatMs: HEARTBEAT_MS,
      mode: 'auto',
    });
    await backend.start(world.snapshot(), never());
    await backend.renewLease(monotonicMs());
  });
  afterEach(() => backend.close('withdraw'));

  const flow = (): FlowSpec => ({
    id: flowId(1),
    match: matchOn(inPort, exactly('eth_type', 0x0800)),
    actions: [{ kind: 'output', port: outPort }],
  });
  const install = () => backend.apply([{ kind: 'put', flow: flow() }], never());
  const send = (frames: readonly Buffer[], packetsPerSecond: number) =>
    sendFrames(world.port(inPort).vm, frames, packetsPerSecond, world.folder);

  /** Packets left to the vSwitch by `action`. */
  async function leftBy(action: () => Promise<void>): Promise<number> {
    const before = passed.frames.length;
    await action();
    await sleep(150);
    return passed.frames.length - before;
  }

  it('sends heartbeats of a slow flow after each period', async () => {
    await install();
    const left = await leftBy(() => send(udpFrames(100), 100));
    assert.ok(left >= 3 && left <= 6, `${left} in a second`);
  });

  it('sends one of a flow without gaps only near the limit', async () => {
    await install();
    const { heartbeatLimitMs } = backend.capabilities();
    const seconds = (2.5 * heartbeatLimitMs) / 1_000;
    const left = await leftBy(() => send(udpFrames(4_000 * seconds), 4_000));
    // A sender that is not scheduled for a while makes gaps.
    assert.ok(left >= 2 && left <= 5, `${left} in ${seconds} s`);
  });

  it('prefers a packet with which a TCP sender pauses', async () => {
    await install();
    const { heartbeatLimitMs } = backend.capabilities();
    const program = await ProgramRun.load(pinPath, builtObject(), ENTRIES);
    const { ifindex } = world.port(inPort);
    // Counters are per CPU: on another one, the last packet seems to be long ago.
    await run('taskset', ['-pc', '0', String(process.pid)]);
    try {
      // Bursts of eight that end with PSH, 0.5 ms apart.
      const frames = [ACK, ACK | PSH].map(tcpFrame);
      const left: boolean[] = [];
      const times: number[] = [];
      const untilMs = monotonicMs() + 2.5 * heartbeatLimitMs;
      for (let n = 0, atMs = monotonicMs(); atMs < untilMs; n++) {
        times.push(atMs);
        const { verdict } = program.run(frames[n % 8 === 7 ? 1 : 0], ifindex);
        left.push(verdict === VERDICT.pass);
        while ((atMs = monotonicMs()) - times[n] < 0.5);
      }
      const installedAt = left.indexOf(false);
      const pauses = times.map((atMs, n) => n > 0 && atMs - times[n - 1] > MIN_PAUSE_MS);
      const beats = [...left.keys()].filter((n) => n > installedAt && left[n]);
      const pushed = beats.filter((n) => n % 8 === 7);
      assert.ok(pushed.length >= 2, `${pushed.length}`);
      // This process may have paused, too, for want of a CPU.
      const others = beats.filter((n) => n % 8 !== 7 && !(pauses[n] && pauses[n - 1]));
      assert.deepEqual(others, []);
    } finally {
      program.close();
      await run('taskset', ['-pc', `0-${cpus().length - 1}`, String(process.pid)]);
    }
  });

  it('leaves the end of a TCP connection to the vSwitch', async () => {
    await install();
    const end = tcpFrame(FIN | ACK);
    assert.equal(await leftBy(() => send([end, end, end], 1_000)), 3);
  });

  it('leaves packets that closely follow one that cannot be redirected', async () => {
    await run('ip', ['link', 'set', outPort, 'mtu', '600']);
    try {
      await install();
      const [small] = udpFrames(1);
      const large = udpFrame(700);
      // One of ten is too large: with gaps of 0.2 ms, most others go the same way as it.
      const mixed = Array.from({ length: 1_000 }, (_, i) => (i % 10 === 0 ? large : small));
      const left = await leftBy(() => send(mixed, 5_000));
      assert.ok(left > 400, `${left} of 1,000`);
      // With gaps of 5 ms, no other follows it closely.
      const slow = await leftBy(() => send(mixed.slice(0, 100), 200));
      assert.ok(slow >= 10 && slow <= 20, `${slow} of 100`);
    } finally {
      await run('ip', ['link', 'set', outPort, 'mtu', '1500']);
    }
  });

  it('takes the first packets of a new entry only after a gap', async () => {
    const options = { packetsPerSecond: 10_000, rounds: 1 };
    const { vm } = world.port(inPort);
    const sender = await startSender(vm, udpFrames(10_000), options, world.folder);
    await sleep(300);
    const before = await sentTo(outPort);
    await install();
    // Gaps of 100 us end the wait after some 30 ms; a longer one ends it sooner.
    const early = (await sentTo(outPort)) - before;
    await sleep(200);
    const late = (await sentTo(outPort)) - before;
    await sender.exited;
    assert.equal(early, 0);
    assert.ok(late > 500, `${late} packets were carried`);
  });
});

/** Packets that a device has sent, redirected ones included. */
async function sentTo(device: string): Promise<number> {
  return Number(await readFile(`/sys/class/net/${device}/statistics/tx_packets`, 'utf8'));
}
