import assert from 'node:assert/strict';
import {
  EmulatorOptionError,
  type EmulatedNodeOptions,
} from '../../../adapters/emulator/options.ts';
import { EmulatedNode } from '../../../adapters/emulator/node.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { carried, never } from '../../contract/collect.ts';
import { ONE_WORKLOAD, dump, offloadBusiest, printed, running, started } from './running.ts';

describe('emulated node', function () {
  this.timeout(30_000);

  it('has VMs in slices and two NIC ports', () => {
    const ports = [...running().node.ports().values()];
    assert.equal(ports.filter((p) => p.kind === 'vm').length, 16);
    assert.equal(new Set(ports.flatMap((p) => p.slice ?? [])).size, 4);
    const uplinks = ports.filter((p) => p.kind === 'uplink');
    assert.deepEqual(
      uplinks.map((p) => [p.name, p.linkBitsPerSecond]),
      [
        ['p0', 10e9],
        ['p1', 10e9],
      ],
    );
  });

  it('is the same for the same seed, however often it is read', async () => {
    const often = running();
    for (let i = 0; i < 300; i++) {
      often.clock.advance(10);
      if (i % 7 === 0) await dump(often);
      if (i % 11 === 0) await often.node.hostSource.read(['p0'], never());
    }
    // Another start of the clock, and a look only at the end.
    const once = running({}, 123_456);
    once.clock.advance(3_000);
    const seen = await printed(often);
    assert.ok(seen.length > 500);
    assert.deepEqual(await printed(once), seen);
    assert.deepEqual(once.node.totals(), often.node.totals());

    const other = running({ seed: 43 });
    other.clock.advance(3_000);
    assert.notDeepEqual(await printed(other), seen);
  });

  it('is the same again under the same operations', async () => {
    const drive = async () => {
      const r = await started(running());
      for (let second = 0; second < 3; second++) {
        r.clock.advance(1_000);
        await r.node.backend.renewLease(r.clock.now());
        await offloadBusiest(r, 100);
      }
      return { seen: await printed(r), totals: r.node.totals() };
    };
    assert.deepEqual(await drive(), await drive());
  });

  it('holds some thousand flows after its warm-up, and drops them when they idle', async () => {
    const r = running({ warmUpMs: 15_000 });
    const table = await dump(r);
    assert.ok(table.count > 2_000 && table.count < 6_000, `${table.count} flows`);
    for (const row of table.rows.subarray(0, table.count)) {
      assert.ok(r.clock.now() - table.traffic.lastActiveMs[row] <= 10_500);
    }
  });

  it('offers the configured load', () => {
    const load = 0.02;
    const r = running({ load, workloads: [ONE_WORKLOAD], slices: ['one'] });
    r.clock.advance(5_000);
    const before = r.node.traffic().sentPayload;
    r.clock.advance(20_000);
    const rate = ((r.node.traffic().sentPayload - before) * 8) / 20;
    assert.ok(Math.abs(rate / (load * 20e9) - 1) < 0.15, `${rate} bits/s`);
  });

  it('counts every packet once: vSwitch + NIC = sent', async () => {
    const r = await started(running({ load: 0.5 }));
    let nicPackets = 0;
    for (let second = 0; second < 5; second++) {
      r.clock.advance(1_000);
      await r.node.backend.renewLease(r.clock.now());
      await offloadBusiest(r, 300);
      for (const sum of (await carried(r.node.backend)).values()) nicPackets += sum.packets;
    }
    const t = r.node.totals();
    assert.ok(t.nicPackets > 0 && t.vswitchPackets > 0);
    assert.equal(t.vswitchPackets + t.nicPackets, t.sentPackets);
    assert.equal(t.vswitchBytes + t.nicBytes, t.sentBytes);
    assert.equal(nicPackets, t.nicPackets, 'the backend reported all of it');
    assert.equal(t.mismatchedPackets, 0);
  });

  it('has flows that no NIC supports, with reasons', async () => {
    const r = await started(running({ warmUpMs: 10_000 }));
    const table = await dump(r);
    const codes = new Map<string, number>();
    for (const row of table.rows.subarray(0, table.count)) {
      const support = r.node.backend.supports(table.specAt(row));
      const code = support.ok ? 'ok' : support.refusal.code;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    assert.deepEqual([...codes.keys()].sort(), ['ok', 'unsupported-action', 'unsupported-match']);
    assert.ok((codes.get('ok') ?? 0) > table.count * 0.9);
    const opaque = [...table.rows.subarray(0, table.count)].flatMap(
      (at) => table.matchAt(at).opaque,
    );
    const printed = new Set(opaque.map(({ name, text }) => `${name}(${text})`));
    assert.deepEqual([...printed].sort(), ['ct_state(+est+trk)']);
  });

  it('refuses invalid options', () => {
    const clock = new ManualClock();
    const bad: Partial<EmulatedNodeOptions>[] = [
      { vms: 0 },
      { vms: 1.5 },
      { load: -1 },
      { load: Number.NaN },
      { insideShare: 2 },
      { slices: [] },
      { workloads: [] },
      { tableEntries: 0 },
      { stepMs: Number.POSITIVE_INFINITY },
    ];
    for (const options of bad) {
      assert.throws(
        () => new EmulatedNode({ seed: 1, clock, ...options }),
        EmulatorOptionError,
        JSON.stringify(options),
      );
    }
    assert.throws(
      () => new EmulatedNode({ seed: 1, clock, nsPerPacket: 0 }),
      /nsPerPacket is 0; it must be a number above 0$/,
    );
  });
});
