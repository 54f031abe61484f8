import assert from 'node:assert/strict';
import { type CdfPoints, FB_HADOOP } from '../../adapters/emulator/distributions.ts';
import { EmulatedNode } from '../../adapters/emulator/node.ts';
import { EmulatorOptionError, type EmulatedNodeOptions } from '../../adapters/emulator/options.ts';
import { UnknownPort } from '../../adapters/emulator/node-ports.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { carried, never } from '../contract/collect.ts';
import { put } from '../contract/path-backend-operations.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { flowBetween, quietNode } from './fixture.ts';

const ONE_WORKLOAD = {
  name: 'only',
  sizes: FB_HADOOP,
  share: 1,
  transfersPerConnection: 20,
  pauseMs: 10,
  serverPort: 80,
  udpShare: 0,
};

const ELEPHANTS: CdfPoints = [
  [10e6, 1],
  [100e6, 100],
];

interface Running {
  readonly node: EmulatedNode;
  readonly clock: ManualClock;
}

function running(options: Partial<EmulatedNodeOptions> = {}, startMs = 500): Running {
  const clock = new ManualClock(startMs);
  return { node: new EmulatedNode({ seed: 42, clock, warmUpMs: 0, ...options }), clock };
}

async function dump({ node, clock }: Running): Promise<FlowTable> {
  const table = new FlowTable();
  table.begin(clock.now());
  await node.flowSource.read(table, never());
  table.end();
  return table;
}

/** Everything a dump says, as text, for comparing. */
async function printed(r: Running): Promise<string[]> {
  const table = await dump(r);
  const { vswitchPackets, vswitchBytes, lastActiveMs } = table.traffic;
  return Array.from(table.rows.subarray(0, table.count), (row) =>
    [
      formatFlowId(table.idAt(row)),
      vswitchPackets[row],
      vswitchBytes[row],
      r.clock.now() - lastActiveMs[row],
      JSON.stringify([table.matchAt(row), table.actionsAt(row)]),
    ].join(' '),
  ).sort();
}

/** Puts the flows with the most bytes into the NIC table. */
async function offloadBusiest(r: Running, count: number): Promise<FlowSpec[]> {
  const table = await dump(r);
  const { vswitchBytes } = table.traffic;
  const rows = [...table.rows.subarray(0, table.count)].sort(
    (a, b) => vswitchBytes[b] - vswitchBytes[a],
  );
  const flows = rows
    .map((row) => table.specAt(row))
    .filter((flow) => r.node.backend.supports(flow).ok)
    .slice(0, count);
  await r.node.backend.apply(flows.map(put), never());
  return flows;
}

async function started(r: Running): Promise<Running> {
  await r.node.backend.start(r.node.ports(), never());
  await r.node.backend.renewLease();
  return r;
}

/** Share of the host's CPUs in use over the next second: 1 - idle - guest. */
async function hostCpu({ node, clock }: Running): Promise<number> {
  const before = (await node.hostSource.read([], never())).cpu;
  clock.advance(1_000);
  const after = (await node.hostSource.read([], never())).cpu;
  const spare = after.idle - before.idle + after.guest - before.guest;
  return 1 - spare / (after.total - before.total);
}

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

  it('is the same for the same seed, however often it is looked at', async () => {
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
        await r.node.backend.renewLease();
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

  it('offers the load it is asked for', () => {
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
      await r.node.backend.renewLease();
      await offloadBusiest(r, 300);
      for (const sum of (await carried(r.node.backend)).values()) nicPackets += sum.packets;
    }
    const t = r.node.totals();
    assert.ok(t.nicPackets > 0 && t.vswitchPackets > 0);
    assert.equal(t.vswitchPackets + t.nicPackets, t.sentPackets);
    assert.equal(t.vswitchBytes + t.nicBytes, t.sentBytes);
    assert.equal(nicPackets, t.nicPackets, 'the backend told all of it');
    assert.equal(t.untruePackets, 0);
  });

  it('has a vSwitch that costs CPU for each packet, and less when flows are offloaded', async () => {
    const onload = await started(running({ load: 0.2, warmUpMs: 5_000 }));
    const offload = await started(running({ load: 0.2, warmUpMs: 5_000 }));
    await offloadBusiest(offload, 500);
    const before = await hostCpu(onload);
    const after = await hostCpu(offload);
    assert.ok(before > 0.05, `onload ${before}`);
    assert.ok(after < before * 0.7, `onload ${before}, offload ${after}`);
  });

  it('slows down when the vSwitch has no CPU left, and speeds up with the NIC', async () => {
    const options = { load: 0.6, vswitchCpus: 1, warmUpMs: 5_000 };
    const sent = ({ node, clock }: Running) => {
      const before = node.totals().sentBytes;
      clock.advance(1_000);
      return node.totals().sentBytes - before;
    };
    const onload = running(options);
    const offload = await started(running(options));
    await offloadBusiest(offload, 800);
    assert.ok((await hostCpu(onload)) < 1 / 8 + 0.02, 'one of eight CPUs, and the background');
    assert.ok(sent(offload) > 1.3 * sent(onload));
  });

  it('sends and receives no more than its ports and the node as a whole can', async () => {
    const elephants = { ...ONE_WORKLOAD, sizes: ELEPHANTS, transfersPerConnection: 1 };
    const r = running({ load: 3, workloads: [elephants], nsPerPacket: 1, warmUpMs: 2_000 });
    const read = async () => (await r.node.hostSource.read(['p0', 'p1'], never())).ports;
    const before = await read();
    r.clock.advance(1_000);
    const after = await read();
    const bits = (field: 'rxBytes' | 'txBytes') =>
      ['p0', 'p1'].map((p) => ((after.get(p)?.[field] ?? 0) - (before.get(p)?.[field] ?? 0)) * 8);
    const slack = 1.03;
    for (const rate of [...bits('rxBytes'), ...bits('txBytes')]) assert.ok(rate < 10e9 * slack);
    const [rx, tx] = [bits('rxBytes'), bits('txBytes')].map(([a, b]) => a + b);
    assert.ok(rx < 15.2e9 * slack && rx > 10e9, `received ${rx}`);
    assert.ok(tx < 11.3e9 * slack && tx > 8e9, `sent ${tx}`);
  });

  it('stops a flow that the vSwitch now drops, and tells when the NIC still carries it', async () => {
    const r = await started(running({ warmUpMs: 3_000 }));
    const flows = await offloadBusiest(r, 300);
    r.clock.advance(200);
    const sums = await carried(r.node.backend);
    const packets = (flow: FlowSpec) => sums.get(formatFlowId(flow.id))?.packets ?? 0;
    const [flow] = flows.sort((a, b) => packets(b) - packets(a));
    assert.equal(r.node.changeActions(flow.id, []), true);
    r.clock.advance(200);
    assert.ok(r.node.totals().untruePackets > 0, 'the NIC goes on until the entry is gone');
    await r.node.backend.apply([{ kind: 'delete', id: flow.id }], never());
    const untrue = r.node.totals().untruePackets;
    const counted = async () => {
      const table = await dump(r);
      return table.traffic.vswitchPackets[table.rowOf(flow.id)];
    };
    const before = await counted();
    r.clock.advance(3_000);
    assert.ok((await counted()) - before <= 4, 'only retries');
    assert.equal(r.node.totals().untruePackets, untrue);
    assert.equal(r.node.changeActions({ w0: 1, w1: 2, w2: 3, w3: 4 }, []), false);
  });

  it('keeps offloaded flows in the dump with a packet a second', async () => {
    const { node, clock } = quietNode();
    await node.backend.start(node.ports(), never());
    const flow = flowBetween('vm0', 'vm1', 0);
    node.send(flow, 1);
    await node.backend.apply([put(flow)], never());
    for (let i = 0; i < 200; i++) {
      clock.advance(100);
      await node.backend.renewLease();
      node.send(flow, 10);
    }
    const table = await dump({ node, clock });
    const row = table.rowOf(flow.id);
    assert.ok(row >= 0, 'it has not idled out');
    assert.equal(table.traffic.vswitchPackets[row], 1 + 20);
    assert.equal(node.totals().nicPackets, 2_000 - 20);
  });

  it('loses the flows and connections of a port that is removed', async () => {
    const r = running({ warmUpMs: 3_000 });
    const touching = async () => {
      const table = await dump(r);
      return [...table.rows.subarray(0, table.count)].filter((row) =>
        [table.matchAt(row).inPort, ...outputPorts(table, row)].includes('vm3'),
      ).length;
    };
    assert.ok((await touching()) > 0);
    r.node.removePort('vm3');
    assert.equal(await touching(), 0);
    r.clock.advance(2_000);
    assert.equal(await touching(), 0);
    const before = (await r.node.hostSource.read(['vm3'], never())).ports.size;
    assert.equal(before, 0);
    r.node.remakePort('vm3');
    r.clock.advance(2_000);
    assert.ok((await touching()) > 0, 'new connections');
    assert.throws(() => r.node.removePort('vm99'), UnknownPort);
    assert.throws(() => r.node.remakePort('vm3'), UnknownPort);
  });

  it('goes on after a restart of the vSwitch with counters anew', async () => {
    const r = running({ warmUpMs: 5_000 });
    const before = (await dump(r)).count;
    r.node.restartVswitch();
    assert.equal((await dump(r)).count, 0);
    r.clock.advance(1_000);
    const after = (await dump(r)).count;
    assert.ok(after > 0 && after < before);
  });

  it('has flows that no NIC takes, for reasons', async () => {
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
  });

  it('turns connections away rather than grow without bound', () => {
    const r = running({ maxFlows: 300 });
    r.clock.advance(5_000);
    assert.ok(r.node.traffic().turnedAway > 0);
  });

  it('costs little CPU itself', () => {
    const r = running({ warmUpMs: 15_000 });
    r.node.totals();
    const costs = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      r.clock.advance(1_000);
      r.node.totals();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    });
    // About 12 ms on the machine it was written on; room for slower ones and for coverage.
    assert.ok(Math.min(...costs) < 60, `${costs.join(', ')} ms for a second`);
  });

  it('refuses options that make no node', () => {
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
  });
});

function outputPorts(table: FlowTable, row: number): string[] {
  return table.actionsAt(row).flatMap((a) => (a.kind === 'output' ? [a.port] : []));
}
