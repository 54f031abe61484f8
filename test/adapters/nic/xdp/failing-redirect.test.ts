import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { MARKER, ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import { sendFrames } from '../../../../lab/testbed/packets.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { carried, idText, never } from '../../../contract/collect.ts';
import { eventually } from '../../../support/eventually.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { builtObject } from '../support/object.ts';
import { PassedFrames } from '../support/passed.ts';
import { World } from '../support/world.ts';

const PACKETS = 20;
const MIN_STALL_MS = 400;

describe('XDP redirects that fail', function () {
  this.timeout(30_000);
  let world: World;
  let backend: HostBackend;
  let passed: PassedFrames;
  let inPort = '';
  let outPort = '';

  before(function () {
    needs(this, 'root', 'netns', 'xdp', 'debian-python3');
  });

  beforeEach(async () => {
    const objectPath = builtObject();
    world = await World.create(2);
    [inPort, outPort] = world.names();
    passed = await PassedFrames.on(world.cleanup, inPort);
    const sizes = { entries: 16, masks: 8, minStallMs: MIN_STALL_MS };
    const options = { pinPath: world.pinPath(), objectPath, ...sizes };
    backend = xdpTable({ ...options, leaseMs: 60_000, heartbeatMs: 0, mode: 'auto' });
    await backend.start(world.snapshot(), never());
    await backend.renewLease(monotonicMs());
    await backend.apply([{ kind: 'put', flow: flow() }], never());
  });

  afterEach(async () => {
    await backend.close('withdraw');
    await world.close();
  });

  function flow(): FlowSpec {
    const match = matchOn(inPort, exactly('eth_type', 0x0800));
    return { id: flowId(1), match, actions: [{ kind: 'output', port: outPort }] };
  }

  const receivedByVm = () => world.received(world.port(outPort).vm);

  async function send(size = 60): Promise<{ readonly out: number; readonly vswitch: number }> {
    const ip = { src: Buffer.from([10, 7, 0, 1]), dst: Buffer.from([10, 7, 0, 2]) };
    const header = { ...ip, protocol: 17, ttl: 64, tos: 0 };
    const payload = ipv4(header, 1, udp(header, 5, 9, Buffer.concat([MARKER, Buffer.alloc(size)])));
    const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
    const frame = ethernet({ ...macs, etherType: 0x0800, payload });
    const before = { out: await receivedByVm(), vswitch: passed.frames.length };
    const frames = Array.from({ length: PACKETS }, () => frame);
    await sendFrames(world.port(inPort).vm, frames, 1_000, world.folder);
    await sleep(100);
    return {
      out: (await receivedByVm()) - before.out,
      vswitch: passed.frames.length - before.vswitch,
    };
  }

  it('removes its entries when the peer has no NAPI, and loses no packet afterwards', async () => {
    let changes = 0;
    const end = backend.onLost(() => changes++);
    const { vm } = world.port(outPort);
    await vm.exec('ethtool', ['-K', 'eth0', 'gro', 'off']);
    await eventually('a report of the change', () => changes > 0, 1_000);
    const lost = await backend.portsChanged(world.snapshot());
    assert.deepEqual(lost.map(formatFlowId), [idText(flow())]);
    assert.deepEqual(await send(), { out: 0, vswitch: PACKETS });
    const [refused] = await backend.apply([{ kind: 'put', flow: flow() }], never());
    assert(!refused.ok);
    assert.match(refused.refusal.detail, /does not accept redirected frames.*GRO off/);
    assert.deepEqual(
      backend.unservedPorts().map(({ name }) => name),
      [outPort],
    );

    changes = 0;
    await vm.exec('ethtool', ['-K', 'eth0', 'gro', 'on']);
    await eventually('a report of the change', () => changes > 0, 1_000);
    end();
    await backend.portsChanged(world.snapshot());
    assert.deepEqual(backend.unservedPorts(), []);
    await backend.apply([{ kind: 'put', flow: flow() }], never());
    assert.deepEqual(await send(), { out: PACKETS, vswitch: 0 });
  });

  it('stalls a device that drops redirects, for longer each time', async () => {
    const { vm } = world.port(outPort);
    await vm.exec('ethtool', ['-K', 'eth0', 'gro', 'off']);
    const first = await send();
    assert.equal(first.out, 0);
    assert.ok(first.vswitch >= PACKETS - 2, `the vSwitch got ${first.vswitch} of ${PACKETS}`);
    const report = backend.ports().find((port) => port.name === outPort);
    assert.match(report?.detail ?? '', /GRO off/);
    await sleep(MIN_STALL_MS);
    const second = await send();
    assert.ok(second.vswitch >= PACKETS - 2, `the vSwitch got ${second.vswitch} of ${PACKETS}`);
    await vm.exec('ethtool', ['-K', 'eth0', 'gro', 'on']);
    await sleep(MIN_STALL_MS);
    assert.deepEqual(await send(), { out: 0, vswitch: PACKETS }, 'twice as long now');
    await sleep(MIN_STALL_MS);
    assert.deepEqual(await send(), { out: PACKETS, vswitch: 0 });
  });

  it('leaves packets to the vSwitch whose checksum the VM left to its device', async () => {
    const { vm } = world.port(inPort);
    await vm.exec('ip', ['address', 'add', '10.7.0.1/24', 'dev', 'eth0']);
    const neighbour = ['neighbour', 'add', '10.7.0.2', 'lladdr', '02:00:00:00:00:02'];
    await vm.exec('ip', [...neighbour, 'dev', 'eth0']);
    const code =
      'import socket,sys\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n' +
      's.sendto(bytes.fromhex(sys.argv[1])+bytes(50),("10.7.0.2",9))';
    const sendDatagram = async () => {
      const before = { out: await receivedByVm(), vswitch: passed.frames.length };
      await vm.exec('/usr/bin/python3', ['-c', code, MARKER.toString('hex')]);
      await sleep(100);
      const out = (await receivedByVm()) - before.out;
      return { out, vswitch: passed.frames.length - before.vswitch };
    };
    assert.deepEqual(await sendDatagram(), { out: 1, vswitch: 0 });
    await vm.exec('ethtool', ['-K', 'eth0', 'tx', 'on']);
    assert.deepEqual(await sendDatagram(), { out: 0, vswitch: 1 });
  });

  it('leaves packets to the vSwitch that are too large for the device', async () => {
    await run('ip', ['link', 'set', outPort, 'mtu', '600']);
    assert.deepEqual(await send(700), { out: 0, vswitch: PACKETS });
    assert.equal((await carried(backend)).get(idText(flow())), undefined, 'not counted');
    assert.deepEqual(await send(500), { out: PACKETS, vswitch: 0 });
  });
});
