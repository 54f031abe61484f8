import assert from 'node:assert/strict';
import { MemoryBackend } from '../../simulation/memory-backend.ts';
import { SimulatedClock } from '../../simulation/simulated-clock.ts';
import { SimulatedNode } from '../../simulation/simulated-node.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import { anyFrom, flowId, outputTo } from '../support/flows.ts';

const FLOW: FlowSpec = { id: flowId(1), match: anyFrom('vm1'), actions: outputTo('vm2') };

describe('simulation: node', () => {
  it('splits packets between entry and vSwitch, with one a second as heartbeat', async () => {
    const clock = new SimulatedClock();
    const nic = new MemoryBackend({ placement: 'offload', entries: 1, clock });
    const fast = new MemoryBackend({ placement: 'fast-path', entries: 1, clock });
    const node = new SimulatedNode([nic, fast]);
    const { table } = node;
    node.add(0, FLOW);
    const vswitch: number[] = [];
    for (let tick = 0; tick < 12; tick++) {
      if (tick === 1) await nic.apply([{ kind: 'put', flow: FLOW }]);
      if (tick === 8) {
        await nic.apply([{ kind: 'delete', id: FLOW.id }]);
        await fast.apply([{ kind: 'put', flow: FLOW }]);
      }
      node.send(0, 100, 10_000, 1000 + tick * 250);
      vswitch.push(node.sentPackets);
      assert.equal(node.sentBytes, node.sentPackets * 100);
      await node.read(1000 + tick * 250);
    }
    assert.deepEqual(vswitch, [100, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    const { totals } = table;
    assert.equal(totals.vswitchPackets, 102);
    assert.equal(totals.carriedPackets, 1200 - 102);
    assert.equal(totals.fastPathPackets, 399);
    assert.equal(totals.vswitchBytes + totals.carriedBytes, 120_000);
    const row = node.rowOf(0);
    assert.equal(table.traffic.carriedPackets[row], 1098);
  });

  it('knows when the last packet was on either way', async () => {
    const clock = new SimulatedClock();
    const backend = new MemoryBackend({ placement: 'offload', entries: 1, clock });
    const node = new SimulatedNode([backend]);
    /** A tick whose last packet came so long before its end, ms; tells the flow's idle time, ms. */
    const tick = async (packets: number, idleMs: number): Promise<number> => {
      clock.nowMs += 500;
      if (packets > 0) node.send(0, packets, packets * 100, clock.nowMs, clock.nowMs - idleMs);
      await node.read(clock.nowMs);
      return clock.nowMs - node.table.traffic.lastActiveMs[node.rowOf(0)];
    };
    node.add(0, FLOW);
    assert.equal(await tick(0, 0), 0, 'new');
    assert.equal(await tick(10, 30), 30, 'by the vSwitch');
    await backend.apply([{ kind: 'put', flow: FLOW }]);
    assert.equal(await tick(10, 40), 40, 'by the backend');
    assert.equal(node.sentPackets, 0);
    assert.equal(await tick(10, 50), 50, 'by both');
    assert.equal(node.sentPackets, 1, 'beats a second after the tick of the last beat');
    assert.equal(await tick(0, 0), 550, 'by none');
  });

  it('follows a flow that changes, is removed, and returns in another slot', async () => {
    const node = new SimulatedNode([]);
    const { table } = node;
    node.add(0, FLOW);
    node.send(0, 5, 500, 0);
    await node.read(0);
    const row = node.rowOf(0);
    const version = table.actionsVersionAt(row);
    node.change(0, { ...FLOW, actions: outputTo('vm3') });
    await node.read(250);
    assert.equal(table.actionsVersionAt(row), version + 1);
    assert.deepEqual(table.actionsAt(row), outputTo('vm3'));
    // It left and came back between two readings: the table has it all along.
    node.remove(0);
    node.add(1, FLOW);
    await node.read(500);
    assert.equal(node.rowOf(1), row);
    assert.equal(table.count, 1);
    assert.deepEqual(table.actionsAt(row), FLOW.actions);
    node.remove(1);
    await node.read(750);
    assert.equal(table.count, 0);
    assert.ok(!node.has(1));
  });
});
