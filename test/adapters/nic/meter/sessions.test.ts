import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NoBpfFileSystem, PinPathInUse } from '../../../../adapters/nic/core/errors.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import { isMeterProgram, meterPinPath } from '../../../../adapters/nic/core/meter-pins.ts';
import { u32, u64 } from '../../../../adapters/nic/core/records.ts';
import type { PacketMeterOptions } from '../../../../adapters/nic/meter/options.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { PacketMeter } from '../../../../adapters/nic/meter/packet-meter.ts';
import { METER_CONTROL, METER_LAYOUT_VERSION } from '../../../../adapters/nic/meter/records.ts';
import { otherHooks } from '../../../../doctor/gather/other-hooks.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { readMeter } from '../../../contract/connection-meter.ts';
import { frameOf, PLAIN } from '../../../contract/metered-frames.ts';
import { needs } from '../../../support/needs.ts';
import { OtherDaemon } from '../support/other-daemon.ts';
import { programsAt } from '../tcx/support/attached.ts';
import { MeterNode } from './support/meter-node.ts';

const ASKED = { connections: 4096, forgetAfterMs: 60_000, sampling: 1 };

describe('sessions of a meter', function () {
  this.timeout(30_000);
  let node: MeterNode;
  let options: PacketMeterOptions;
  const open: PacketMeter[] = [];

  before(async function () {
    needs(this, 'root', 'netns', 'tcx', 'debian-python3');
    node = await MeterNode.start();
  });

  after(async () => {
    await node?.close();
  });

  beforeEach(() => {
    options = node.options(node.world.pinPath(), ASKED);
  });

  afterEach(async () => {
    for (const meter of open.splice(0)) await meter.close('withdraw');
  });

  async function started(changes: Partial<PacketMeterOptions> = {}): Promise<PacketMeter> {
    const meter = new PacketMeter({ ...options, ...changes });
    open.push(meter);
    await meter.portsChanged(node.world.snapshot());
    return meter;
  }

  /** The programs of both ports. */
  async function programs(): Promise<readonly number[]> {
    const { world } = node;
    const each = node.names().map((name) => programsAt(world.port(name).ifindex));
    return (await Promise.all(each)).flat();
  }

  const send = (count: number): Promise<void> =>
    node.send(
      node.names()[0],
      Array.from({ length: count }, () => frameOf(PLAIN)),
    );
  const packets = async (meter: PacketMeter): Promise<readonly number[]> =>
    Array.from((await readMeter(meter)).all.values(), (each) => each.packets);

  it('leave no program, no qdisc and no pin behind', async () => {
    const meter = await started();
    assert.equal((await programs()).length, 2);
    await meter.close('withdraw');
    assert.deepEqual(await programs(), []);
    const qdiscs = await run('tc', ['qdisc', 'show', 'dev', node.names()[0]]);
    assert.doesNotMatch(qdiscs, /clsact/);
    assert.equal(existsSync(meterPinPath(options.pinPath)), false);
    await assert.rejects(readMeter(meter), /the meter is closed/);
  });

  it('refuse a directory that another daemon holds, and leave that one alone', async () => {
    const first = await started();
    await send(2);
    const second = new PacketMeter(options);
    await assert.rejects(second.portsChanged(node.world.snapshot()), PinPathInUse);
    assert.equal(second.ports().size, 0);
    await second.close('withdraw');
    await send(1);
    assert.deepEqual(await packets(first), [3]);
  });

  it('try again to start at the next call', async () => {
    const first = await started();
    const second = new PacketMeter(options);
    open.push(second);
    await assert.rejects(second.portsChanged(node.world.snapshot()), PinPathInUse);
    await first.close('keep');
    await readMeter(second);
    assert.deepEqual(second.ports(), new Set(node.names()));
  });

  it('need a BPF file system', async () => {
    const meter = new PacketMeter({ ...options, pinPath: node.world.folder });
    await assert.rejects(meter.portsChanged(node.world.snapshot()), NoBpfFileSystem);
    await meter.close('withdraw');
  });

  it('are no program of others to norikae doctor', async () => {
    const meter = await started();
    const ports = [...node.world.snapshot().values()];
    const others = await otherHooks(ports, { ...options, rulesIn: 'software' }, new NetworkLock());
    for (const port of ports) {
      const { xdp, tcx } = others(port);
      assert.deepEqual({ xdp, tcx }, { xdp: { value: undefined }, tcx: { value: undefined } });
    }
    const elsewhere = { pinPath: node.world.pinPath(), rulesIn: 'software' } as const;
    const foreign = (await otherHooks(ports, elsewhere, new NetworkLock()))(ports[0]);
    assert.match(JSON.stringify(foreign.tcx), /another tcx program/);
    await meter.close('withdraw');
  });

  for (const [what, age] of [
    ['size', () => ({ connections: 8192 })],
    [
      'layout',
      () => {
        const libbpf = new Libbpf();
        const control = libbpf.pinned(join(meterPinPath(options.pinPath), 'meter_control'));
        assert(control !== undefined);
        const version = u64(BigInt(METER_LAYOUT_VERSION + 1));
        libbpf.update(control, u32(METER_CONTROL.version), version, 'control');
        libbpf.close(control);
        return {};
      },
    ],
  ] as const) {
    it(`start afresh over maps of another ${what}, with a new program`, async () => {
      const first = await started();
      await send(2);
      const before = await programs();
      await first.close('keep');
      const second = await started(age());
      assert.deepEqual(await packets(second), []);
      const after = await programs();
      assert.equal(after.length, 2);
      assert(!after.some((id) => before.includes(id)), 'the former program is gone');
      assert(!before.some((id) => isMeterProgram(options.pinPath, id)), 'and so is its pin');
      await send(1);
      assert.deepEqual(await packets(second), [1]);
    });
  }

  it('count only on the ports that are configured, and leave those of an earlier daemon', async () => {
    const first = await started();
    await first.close('keep');
    assert.equal((await programs()).length, 2);
    const [port] = node.names();
    const second = await started({ ports: [port] });
    assert.deepEqual(second.ports(), new Set([port]));
    assert.equal((await programs()).length, 1);
  });

  it('name the reason for a port that cannot be counted, and count on the others', async () => {
    const meter = await started();
    const [first, second] = node.names();
    const ports = new Map(node.world.snapshot());
    const there = ports.get(first);
    assert(there);
    ports.set(first, { ...there, ifindex: there.ifindex + 1_000_000 });
    await meter.portsChanged(ports);
    assert.deepEqual(meter.ports(), new Set([second]));
    const [uncounted] = meter.uncountedPorts();
    assert.equal(uncounted.name, first);
    assert.match(uncounted.why, /the device of port .* is gone/);
    await meter.portsChanged(node.world.snapshot());
    assert.deepEqual(meter.ports(), new Set([first, second]));
    assert.deepEqual(meter.uncountedPorts(), []);
  });

  it('stop counting when nobody reads, until somebody does', async () => {
    const meter = await started();
    const libbpf = new Libbpf();
    const control = libbpf.pinned(join(meterPinPath(options.pinPath), 'meter_control'));
    assert(control !== undefined);
    libbpf.update(control, u32(METER_CONTROL.untilNs), u64(1n), 'control');
    libbpf.close(control);
    await send(5);
    assert.deepEqual(await packets(meter), []);
    await send(3);
    assert.deepEqual(await packets(meter), [3]);
  });

  it('take over from a process that was killed, which does not hurt traffic', async () => {
    const other = await OtherDaemon.start(
      `
      import { PacketMeter } from './adapters/nic/meter/packet-meter.ts';
      await new PacketMeter(given.options).portsChanged(new Map(given.ports));`,
      { options, ports: [...node.world.snapshot()] },
    );
    try {
      await send(2);
    } finally {
      await other.kill();
    }
    const left = await programs();
    assert.equal(left.length, 2, 'its program is still attached');
    assert(left.every((id) => isMeterProgram(options.pinPath, id)));
    // All packets enter; see MeterNode.send.
    await send(3);
    const meter = await started();
    assert.deepEqual(await packets(meter), [5]);
    const now = await programs();
    assert.equal(now.length, 2);
    assert(!now.some((id) => left.includes(id)), 'its program was replaced');
    assert.equal(readdirSync(join(meterPinPath(options.pinPath), 'programs')).length, 1);
    await meter.close('withdraw');
    assert.deepEqual(await programs(), []);
  });
});
