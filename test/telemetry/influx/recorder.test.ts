import assert from 'node:assert/strict';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import { REASONS, reasonIndex } from '../../../engine/model/reason.ts';
import { rowOf } from '../../support/flows.ts';
import { limitOf, planOf, shareOf } from '../../support/plans.ts';
import { Drive, WALL_MS } from './drive.ts';
import type { Point } from './parse-line.ts';

function one(points: readonly Point[], measurement: string, tags: Point['tags'] = {}): Point {
  const found = points.filter(
    (p) =>
      p.measurement === measurement &&
      Object.entries(tags).every(([tag, value]) => p.tags[tag] === value),
  );
  assert.equal(found.length, 1, `${found.length} of ${measurement} ${JSON.stringify(tags)}`);
  return found[0];
}

describe('InfluxDB recorder', () => {
  it('writes points once a period, on a fixed schedule', () => {
    const drive = new Drive();
    const written = Array.from({ length: 9 }, () => drive.tick([{ n: 1 }]).length > 0);
    const none = [false, false, false];
    assert.deepEqual(written, [true, ...none, true, ...none, true]);
    drive.nowMs += 5_000;
    // Missed rounds are skipped.
    const after = Array.from({ length: 5 }, () => drive.tick([{ n: 1 }]).length > 0);
    assert.deepEqual(after, [true, ...none, true]);
  });

  it('gives all points of a round the same time: the wall clock of the tick, in ns', () => {
    const drive = new Drive();
    const times = new Set(drive.tick([{ n: 1, bytes: 1, packets: 1 }]).map((p) => p.time));
    assert.deepEqual([...times], [`${WALL_MS + 1_250}000000`]);
  });

  it('sums up the ticks since the last round: traffic, longest tick, whether all were fresh', () => {
    const drive = new Drive();
    const first = drive.tick([{ n: 1, packets: 10, bytes: 1_000 }]);
    assert.deepEqual(one(first, 'norikae_path', { path: 'vswitch' }).fields, {
      bytes: 0,
      packets: 0,
      flows: 1,
    });
    drive.tick([{ n: 1, packets: 20, bytes: 2_000 }]);
    drive.elapsedMs = 70;
    drive.fresh = false;
    drive.tick([{ n: 1, packets: 30, bytes: 3_000 }]);
    drive.elapsedMs = 1;
    drive.fresh = true;
    drive.tick([{ n: 1, packets: 30, bytes: 3_000 }]);
    const points = drive.tick([{ n: 1, packets: 110, bytes: 11_000 }], () => {
      drive.table.carried(rowOf(drive.table, 1), 300, 30_000, drive.nowMs);
    });
    assert.deepEqual(one(points, 'norikae_path', { path: 'vswitch' }).fields, {
      bytes: 10_000,
      packets: 100,
      bits_per_second: 80_000,
      packets_per_second: 100,
      flows: 1,
    });
    const { fields } = one(points, 'norikae_node');
    assert.equal(fields.bits_per_second, 320_000);
    assert.equal(fields.packets_per_second, 400);
    assert.equal(fields.coverage_bytes, 0.75);
    assert.equal(fields.coverage_packets, 0.75);
    assert.equal(fields.ticks, 4);
    assert.equal(fields.tick_ms, 70);
    assert.equal(fields.fresh, false);
    assert.equal('host_cpu' in fields, false, 'unknown');
  });

  it('writes no rate without a reading, and averages over the gap after failed readings', () => {
    const drive = new Drive({ periodMs: 250 });
    drive.tick([{ n: 1, packets: 10, bytes: 1_000 }]);
    const dark = one(drive.tick(undefined), 'norikae_path', { path: 'vswitch' });
    assert.equal('bits_per_second' in dark.fields, false);
    const [node] = [one(drive.tick(undefined), 'norikae_node')];
    assert.equal('coverage_bytes' in node.fields, false);
    const back = drive.tick([{ n: 1, packets: 85, bytes: 8_500 }]);
    const { fields } = one(back, 'norikae_path', { path: 'vswitch' });
    assert.equal(fields.packets_per_second, 100, '75 packets in three quarters of a second');
  });

  it('writes each slice and port by path, and leaves out paths without traffic', () => {
    const drive = new Drive({ periodMs: 250 });
    const set = (): void => {
      drive.table.decision.slice[rowOf(drive.table, 1)] = 1;
    };
    const hook = { name: 'vm1', hook: 'tcx', reason: 'kernel-datapath', why: '' };
    drive.plans = [planOf({ portHooks: [hook] })];
    drive.tick([{ n: 1, packets: 10, bytes: 1_000 }], set);
    const points = drive.tick([{ n: 1, packets: 20, bytes: 2_000 }], set);
    const slice = one(points, 'norikae_slice');
    assert.deepEqual(slice.tags, { node: 'n', slice: 'blue', path: 'vswitch' });
    assert.equal(slice.fields.bytes, 1_000);
    assert.equal(one(points, 'norikae_port_path', { port: 'vm1' }).fields.rx_bytes, 1_000);
    assert.equal(one(points, 'norikae_port_path', { port: 'vm2' }).fields.tx_bytes, 1_000);
    const port = one(points, 'norikae_port', { port: 'vm1' });
    assert.equal(port.fields.hook, 'tcx');
    assert.equal('hook' in one(points, 'norikae_port', { port: 'vm2' }).fields, false);
    assert.deepEqual([port.fields.rx_bits_per_second, port.fields.tx_bits_per_second], [8, 16]);
    assert.equal(one(points, 'norikae_port', { port: 'vm2' }).fields.kind, 'vm');
  });

  it('writes shares, limits and planner values of each table', () => {
    const drive = new Drive({ periodMs: 250 });
    drive.bitShare = 0.25;
    const red = { weight: 2.5, guaranteed: 200, maximum: 640, wanted: 900, share: 500, used: 480 };
    drive.plans = [
      planOf({
        shares: [shareOf(undefined), shareOf('red', red)],
        limits: [limitOf('p0')],
        swapGain: Number.POSITIVE_INFINITY,
      }),
    ];
    const points = drive.tick([{ n: 1 }]);
    const { fields } = one(points, 'norikae_node');
    assert.deepEqual(
      [
        fields.open_descriptors,
        fields.guests_connected,
        fields.guest_leases,
        fields.uncounted_ports,
      ],
      [42, 3, 2, 1],
    );
    assert.deepEqual(one(points, 'norikae_table', { backend: 'nic' }).fields, {
      entries: 1000,
      learned: 800,
      used: 300,
      masks: 16,
      masks_used: 2,
      verification_age_seconds: 1.25,
      unserved_ports: 0,
      open_ports: 0,
      contenders: 900,
      threshold: 12,
      budget: 40,
    });
    assert.deepEqual(one(points, 'norikae_share', { backend: 'nic', slice: 'red' }).fields, red);
    assert.equal(one(points, 'norikae_share', { slice: 'other' }).fields.used, 10);
    // The limit has no packets/s.
    assert.deepEqual(one(points, 'norikae_limit', { backend: 'nic', limit: 'p0 send' }).fields, {
      bits_per_second: 8e9,
      expected_bits_per_second: 4e9,
      expected_packets_per_second: 500,
    });
    assert.equal(one(points, 'norikae_node').fields.bit_share, 0.25);
  });

  it('writes whether the watchdog of a table runs, and what it has removed', () => {
    const drive = new Drive({ periodMs: 250 });
    const times = { readAgeMs: 12, leaseLeftMs: 800 };
    const watchdog = { isAlive: false, pid: 0, ...times, removedEntries: 7 };
    drive.plans = [planOf({ watchdog })];
    const { fields } = one(drive.tick([{ n: 1 }]), 'norikae_table', { backend: 'nic' });
    assert.deepEqual([fields.watchdog_down, fields.watchdog_removed_entries], [1, 7]);
  });

  it('writes how many virtual functions of a table are open, if it has some', () => {
    const drive = new Drive({ periodMs: 250 });
    const one1 = { port: 'vm1', vf: 0, isOpen: true, flows: 2 };
    const two = { port: 'vm2', vf: 1, isOpen: false, flows: 0 };
    for (const [virtualFunctions, open] of [
      [undefined, undefined],
      [[one1, two], 1],
    ] as const) {
      drive.plans = [planOf({ virtualFunctions })];
      const { fields } = one(drive.tick([{ n: 1 }]), 'norikae_table', { backend: 'nic' });
      assert.equal(fields.open_virtual_functions, open);
    }
  });

  it('writes the samples by result, if any are taken', () => {
    const drive = new Drive({ periodMs: 250 });
    assert.equal(
      drive.tick([{ n: 1 }]).filter((p) => p.measurement === 'norikae_samples').length,
      0,
    );
    drive.samples = { same: 7, suspected: 2, different: 1, 'not-comparable': 3, failed: 4 };
    const points = drive.tick([{ n: 1 }]);
    const counts = Object.keys(drive.samples).map((result) => [
      result,
      one(points, 'norikae_samples', { result }).fields.count,
    ]);
    assert.deepEqual(Object.fromEntries(counts), drive.samples);
  });

  it('counts by reason the live, waiting and moved flows', () => {
    const drive = new Drive({ periodMs: 250 });
    const points = drive.tick([{ n: 1 }, { n: 2 }], () => {
      const d = drive.table.decision;
      for (const n of [1, 2]) d.reason[rowOf(drive.table, n)] = reasonIndex('small-gain');
      d.requested[rowOf(drive.table, 1)] = RequestedPlacement.offload;
    });
    const { fields } = one(points, 'norikae_reason', { reason: 'small-gain' });
    assert.deepEqual(fields, { flows: 2, waiting: 1, moves: 0 });
    const reasons = points.filter((p) => p.measurement === 'norikae_reason');
    assert.equal(reasons.length, REASONS.length + 1, 'reasons without flows, too, with 0');
  });

  it('writes a fixed number of series for the fastest flows, whichever flows they are', () => {
    const drive = new Drive({ periodMs: 250, topFlows: 3 });
    const series = new Set<string>();
    const ids = new Set<unknown>();
    for (let round = 0; round < 40; round++) {
      const flows = Array.from({ length: 6 }, (_, i) => ({
        n: round * 6 + i,
        packets: 1,
        bytes: 1,
      }));
      const rates = (): void => {
        for (const { n } of flows) {
          drive.table.rates.bitsPerSecond[rowOf(drive.table, n)] = 1 + n;
        }
      };
      for (const point of drive.tick(flows, rates)) {
        if (point.measurement !== 'norikae_flow') continue;
        series.add(JSON.stringify(point.tags));
        ids.add(point.fields.flow);
      }
    }
    assert.deepEqual(
      [...series],
      ['001', '002', '003'].map((rank) => JSON.stringify({ node: 'n', rank })),
    );
    assert.equal(ids.size, 40 * 3);
  });

  it('writes one event for the start of a hold and one for its end', () => {
    const drive = new Drive();
    const kinds: unknown[] = [];
    for (const held of [false, true, true, false, false]) {
      drive.held = held;
      for (const p of drive.tick([])) {
        if (p.measurement === 'norikae_event') kinds.push(p.tags.kind);
      }
    }
    assert.deepEqual(kinds, ['hold', 'resume']);
  });

  it('writes a separate point for each decision of a tick', () => {
    const drive = new Drive();
    const tags = {
      mode: 'enforce',
      from: 'onload',
      to: 'offload',
      cause: 'policy',
      reason: 'placed',
      backend: 'b',
    };
    for (let i = 0; i < 1_000; i++) {
      drive.recorder.addDecision({ wallMs: WALL_MS, tags, fields: { tick: i } });
    }
    drive.recorder.addDecision({ wallMs: WALL_MS + 1, tags, fields: { tick: 1_000 } });
    const times = drive.points().map((p) => p.time);
    assert.equal(new Set(times).size, 1_001);
    assert.deepEqual(times, times.toSorted(byNumber));
    assert.equal(times[999], `${WALL_MS}000999`);
    assert.equal(times[1_000], `${WALL_MS + 1}000000`);
  });
});

function byNumber(a: string, b: string): number {
  return Number(BigInt(a) - BigInt(b));
}
