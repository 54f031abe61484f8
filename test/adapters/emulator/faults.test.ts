import assert from 'node:assert/strict';
import { BackendDetached } from '../../../adapters/emulator/backend.ts';
import { EmulatorTimeout, InjectedFault } from '../../../adapters/emulator/faults.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { installed, never } from '../../contract/collect.ts';
import { put } from '../../contract/offload-backend-operations.ts';
import { flowBetween, quietNode } from './fixture.ts';

describe('injected faults', () => {
  it('fail a given number of calls', async () => {
    const { node } = quietNode();
    node.faults.set('flows.read', { kind: 'fail', message: 'socket gone' }, 2);
    const read = () => node.flowSource.read(new FlowTable(), never());
    await assert.rejects(read(), { name: InjectedFault.name, message: /socket gone/ });
    await assert.rejects(read(), InjectedFault);
    assert.equal((await read()).flows, 0);
  });

  it('hang until the time-out', async () => {
    const { node } = quietNode({ timeoutMs: 20 });
    node.faults.set('host.read', { kind: 'hang' });
    await assert.rejects(node.hostSource.read([], never()), EmulatorTimeout);
  });

  it('hang until the signal is aborted', async () => {
    const { node } = quietNode({ timeoutMs: 60_000 });
    await node.backend.start(node.ports(), never());
    node.faults.set('backend.apply', { kind: 'hang' });
    const controller = new AbortController();
    const applied = node.backend.apply([put(flowBetween('vm0', 'vm1', 0))], controller.signal);
    controller.abort(new Error('tick over'));
    await assert.rejects(applied, /tick over/);
    node.faults.clear();
    assert.deepEqual(await installed(node.backend), []);
  });

  it('garble a dump: flows are left out and counted', async () => {
    const { node } = quietNode();
    for (let n = 0; n < 10; n++) node.send(flowBetween('vm0', 'vm1', n), 1);
    node.faults.set('flows.read', { kind: 'garble' });
    const table = new FlowTable();
    table.begin(0);
    const cost = await node.flowSource.read(table, never());
    table.end();
    assert.equal(cost.flows, 5);
    assert.equal(cost.skipped, 5);
    assert.match(cost.firstSkipped ?? '', /^ufid:/);
    assert.equal(table.count, 5);
  });

  it('truncate a dump: the call rejects with a part of the flows read', async () => {
    const { node } = quietNode();
    for (let n = 0; n < 10; n++) node.send(flowBetween('vm0', 'vm1', n), 1);
    node.faults.set('flows.read', { kind: 'truncate' });
    const table = new FlowTable();
    table.begin(0);
    await assert.rejects(node.flowSource.read(table, never()), /ended after 5 flows/);
    table.abandon();
    assert.equal(table.count, 0);
  });

  it('refuse every put, and deletes only with `deletes`', async () => {
    const { node } = quietNode();
    const flow = flowBetween('vm0', 'vm1', 0);
    await node.backend.start(node.ports(), never());
    await node.backend.apply([put(flow)], never());
    const refusal = { code: 'device-error', detail: 'firmware asleep' } as const;
    node.faults.set('backend.apply', { kind: 'refuse', refusal });
    const results = await node.backend.apply(
      [put(flowBetween('vm0', 'vm1', 1)), { kind: 'delete', id: flow.id }],
      never(),
    );
    assert.deepEqual(results, [
      { ok: false, refusal },
      { ok: true, outcome: 'deleted' },
    ]);
    node.faults.set('backend.apply', { kind: 'refuse', refusal, deletes: true }, 1);
    const stuck = await node.backend.apply([{ kind: 'delete', id: flow.id }], never());
    assert.deepEqual(stuck, [{ ok: false, refusal }]);
  });

  it('reject calls on a backend that is not started, or closed', async () => {
    const { node } = quietNode();
    await assert.rejects(node.backend.renewLease(0), BackendDetached);
    await node.backend.start(node.ports(), never());
    await node.backend.close('keep');
    await assert.rejects(node.backend.apply([], never()), BackendDetached);
    await node.backend.close('withdraw');
  });
});
