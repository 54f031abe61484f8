import assert from 'node:assert/strict';
import { UnknownPort } from '../../../adapters/emulator/node-ports.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import { formatFlowId } from '../../../engine/model/flow-id.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { put } from '../../contract/offload-backend-operations.ts';
import { carried, never } from '../../contract/collect.ts';
import { flowBetween, quietNode } from './fixture.ts';
import { dump, offloadBusiest, running, started } from './running.ts';

describe('changes on the emulated node', function () {
  this.timeout(30_000);

  it('stops a flow that the vSwitch now drops, and counts packets that the NIC still carries', async () => {
    const r = await started(running({ warmUpMs: 3_000 }));
    const flows = await offloadBusiest(r, 300);
    r.clock.advance(200);
    const sums = await carried(r.node.backend);
    const packets = (flow: FlowSpec) => sums.get(formatFlowId(flow.id))?.packets ?? 0;
    const [flow] = flows.sort((a, b) => packets(b) - packets(a));
    assert.equal(r.node.changeActions(flow.id, []), true);
    r.clock.advance(200);
    assert.ok(r.node.totals().mismatchedPackets > 0, 'the NIC goes on until the entry is gone');
    await r.node.backend.apply([{ kind: 'delete', id: flow.id }], never());
    const mismatched = r.node.totals().mismatchedPackets;
    const counted = async () => {
      const table = await dump(r);
      return table.traffic.vswitchPackets[table.rowOf(flow.id)];
    };
    const before = await counted();
    r.clock.advance(3_000);
    assert.ok((await counted()) - before <= 4, 'only retries');
    assert.equal(r.node.totals().mismatchedPackets, mismatched);
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
      await node.backend.renewLease(clock.now());
      node.send(flow, 10);
    }
    const table = await dump({ node, clock });
    const row = table.rowOf(flow.id);
    assert.ok(row >= 0, 'it has not idled out');
    assert.equal(table.traffic.vswitchPackets[row], 1 + 20);
    assert.equal(node.totals().nicPackets, 2_000 - 20);
  });

  it('removes the flows and connections of a removed port', async () => {
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
    r.node.recreatePort('vm3');
    r.clock.advance(2_000);
    assert.ok((await touching()) > 0, 'new connections');
    assert.throws(() => r.node.removePort('vm99'), UnknownPort);
    assert.throws(() => r.node.recreatePort('vm3'), UnknownPort);
  });

  it('continues after a restart of the vSwitch with counters from zero', async () => {
    const r = running({ warmUpMs: 5_000 });
    const before = (await dump(r)).count;
    r.node.restartVswitch();
    assert.equal((await dump(r)).count, 0);
    r.clock.advance(1_000);
    const after = (await dump(r)).count;
    assert.ok(after > 0 && after < before);
  });
});

function outputPorts(table: FlowTable, row: number): string[] {
  return table.actionsAt(row).flatMap((a) => (a.kind === 'output' ? [a.port] : []));
}
