import assert from 'node:assert/strict';
import { EmulatedNode } from '../../adapters/emulator/node.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { PacketCost } from '../../telemetry/packet-cost.ts';
import { ManualClock } from '../support/manual-clock.ts';

const NEVER = new AbortController().signal;
const TICK_NS = 1e7;

describe('packet cost', () => {
  /** Adds a sample per second of a host with constant load and `pps(second)` on the vSwitch. */
  function sampled(seconds: number, nsPerPacket: number, pps: (second: number) => number) {
    const cost = new PacketCost();
    let packets = 0;
    let cpuNs = 0;
    for (let second = 0; second <= seconds; second++) {
      const busy = cpuNs / TICK_NS;
      cost.addSample(
        { total: second * 400, idle: second * 400 - busy, guest: 0 },
        packets,
        second * 1000,
      );
      packets += pps(second);
      cpuNs += 0.7e9 + pps(second) * nsPerPacket;
    }
    return cost;
  }

  it('ignores constant load of the host', () => {
    const cost = sampled(60, 2000, (second) => 100_000 + 30_000 * Math.sin(second / 5));
    assert.ok(Math.abs((cost.ns ?? 0) - 2000) < 1, `${cost.ns} ns`);
  });

  it('is unknown with few samples, constant traffic, or a negative slope', () => {
    assert.equal(sampled(10, 2000, (second) => second * 1000).ns, undefined);
    assert.equal(sampled(120, 2000, () => 100_000).ns, undefined);
    assert.equal(sampled(120, -500, (second) => 100_000 + 500 * second).ns, undefined);
    assert.equal(sampled(120, 2000, () => 0).ns, undefined);
  });

  it('ignores samples whose counters decreased', () => {
    const cost = sampled(300, 1000, (second) => 100_000 + 30_000 * Math.sin(second / 5));
    const before = cost.ns ?? 0;
    // The host restarted.
    cost.addSample({ total: 10, idle: 0, guest: 0 }, 5, 400_000);
    assert.equal(cost.ns, before);
  });

  it('approximates the cost of a packet on an emulated node', async () => {
    const clock = new ManualClock();
    const node = new EmulatedNode({ seed: 11, clock, vms: 8, load: 0.1, nsPerPacket: 2_500 });
    const table = new FlowTable();
    const cost = new PacketCost();
    for (let second = 1; second <= 60; second++) {
      clock.advance(1000);
      table.begin(clock.now());
      await node.flowSource.read(table, NEVER);
      table.end();
      const { cpu } = await node.hostSource.read([], NEVER);
      cost.addSample(cpu, table.totals.vswitchPackets, clock.now());
    }
    const { ns } = cost;
    assert.ok(ns !== undefined && ns > 1_700 && ns < 3_700, `${ns} ns`);
  });
});
