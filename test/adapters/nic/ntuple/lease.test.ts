import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NtupleBackend } from '../../../../adapters/nic/ntuple/ntuple-backend.ts';
import { FilterKeeper } from '../../../../adapters/nic/ntuple/keeper/filter-keeper.ts';
import {
  FiltersNotRemoved,
  LeaseEnded,
} from '../../../../adapters/nic/ntuple/keeper/filter-writer.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { keyText, type ReceiveFilter } from '../../../../protocols/ethtool/receive-filter.ts';
import { eventually } from '../../../support/eventually.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { outcomesOf, put } from '../../../contract/offload-backend-operations.ts';
import { FakeFilterDevice } from './fake-filter-device.ts';
import { backendOn, MemoryJournal, portNamed, udpFlow } from './rig.ts';

const PORTS = new Map(['p0', 'vm1', 'vm2'].map((name, n) => [name, portNamed(name, 10 + n)]));
const FOREIGN: ReceiveFilter = {
  key: { kind: 'tcp4', destination: '0a000001', destinationPort: 22 },
  target: { queue: 4 },
};

async function started(
  device: FakeFilterDevice,
  journal = new MemoryJournal(),
  leaseMs = 60_000,
): Promise<NtupleBackend> {
  const { backend } = await backendOn(device, journal, { leaseMs });
  await backend.start(PORTS, never());
  return backend;
}

describe('filters in a NIC', () => {
  it('are removed by themselves when the lease ends, and installed again after a new verification', async () => {
    const device = new FakeFilterDevice({ places: 64 });
    const leaseMs = 500;
    const backend = await started(device, undefined, leaseMs);
    const flows = [udpFlow(0, 'vm1'), udpFlow(1, 'vm2')];
    // On a busy machine a lease can end before the filters are seen.
    let verifiedAtMs: number;
    do {
      await backend.withdrawAll();
      verifiedAtMs = monotonicMs();
      assert.equal(await backend.renewLease(verifiedAtMs), 'renewed');
      await backend.apply(flows.map(put), never());
    } while (device.filters.size < 2 && monotonicMs() >= verifiedAtMs + leaseMs);
    assert.equal(device.filters.size, 2);
    await eventually('no filter is left', () => device.filters.size === 0);
    assert.ok(monotonicMs() >= verifiedAtMs + leaseMs);
    assert.deepEqual(await installed(backend), []);
    const { isAlive, pid, leaseLeftMs, removedEntries } = backend.watchdog();
    assert.deepEqual([isAlive, pid, leaseLeftMs], [true, process.pid, 0]);
    assert.ok(removedEntries >= 2, `${removedEntries} entries`);
    assert.equal(await backend.renewLease(verifiedAtMs + 1), 'late');
    assert.equal(device.filters.size, 0);
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    assert.deepEqual(await installed(backend), flows.map(idText).sort());
    await backend.close();
  });

  it('are not inserted while there is no lease', async () => {
    const device = new FakeFilterDevice({ places: 64 });
    const backend = await started(device);
    const [result] = await backend.apply([put(udpFlow(0, 'vm1'))], never());
    assert.ok(!result.ok);
    assert.equal(result.refusal.code, 'device-error');
    assert.equal(device.filters.size, 0);
    await backend.close();
  });

  it('that a device does not give up at the end of the lease are removed later', async () => {
    const device = new FakeFilterDevice({ places: 64 });
    const backend = await started(device, undefined, 100);
    await backend.renewLease(monotonicMs());
    await backend.apply([put(udpFlow(0, 'vm1'))], never());
    device.isStuck = true;
    await sleep(150);
    assert.equal(device.filters.size, 1);
    await assert.rejects(backend.withdrawAll(), FiltersNotRemoved);
    device.isStuck = false;
    await eventually('no filter is left', () => device.filters.size === 0);
    await backend.close();
  });

  it('that do not come back after the end of a lease are reported as lost', async () => {
    const device = new FakeFilterDevice({ places: 64 });
    const backend = await started(device);
    await backend.renewLease(monotonicMs());
    const flows = [udpFlow(0, 'vm1'), udpFlow(1, 'vm1')];
    await backend.apply(flows.map(put), never());
    const [{ key }] = device.filters.values();
    device.crowded.add(keyText(key));
    await backend.endLease();
    await sleep(2);
    let notified = 0;
    backend.onLost?.(() => notified++);
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    assert.equal(notified, 1);
    assert.deepEqual((await backend.portsChanged(PORTS)).map(formatFlowId), [idText(flows[0])]);
    assert.deepEqual(await installed(backend), [idText(flows[1])]);
    await backend.close();
  });

  it('of a killed keeper are removed by the next; filters of other programs stay', async () => {
    const device = new FakeFilterDevice({ places: 64 });
    await device.insert(FOREIGN);
    const journal = new MemoryJournal();
    const killed = await started(device, journal);
    await killed.renewLease(monotonicMs());
    await killed.apply([put(udpFlow(0, 'vm1')), put(udpFlow(1, 'vm2'))], never());
    assert.equal(device.filters.size, 3);
    const next = await started(device, journal);
    assert.deepEqual([...device.filters.values()], [FOREIGN]);
    await next.withdrawAll();
    await next.close();
    assert.deepEqual([...device.filters.values()], [FOREIGN]);
  });

  it('get the lowest free place where the device does not choose it', async () => {
    const device = new FakeFilterDevice({ places: 3, choosesLocations: false });
    await device.insert(FOREIGN, 1);
    const backend = await started(device);
    await backend.renewLease(monotonicMs());
    const results = await backend.apply(
      [0, 1, 2].map((n) => put(udpFlow(n, 'vm1'))),
      never(),
    );
    assert.deepEqual(outcomesOf(results), ['installed', 'installed', 'table-full']);
    assert.deepEqual(
      [...device.filters.keys()].sort((a, b) => a - b),
      [0, 1, 2],
    );
    await backend.apply([{ kind: 'delete', id: udpFlow(0, 'vm1').id }], never());
    const [again] = await backend.apply([put(udpFlow(2, 'vm1'))], never());
    assert.ok(again.ok);
    await backend.close();
  });

  it('that the device does not give up at the end of the lease are reported once, and tried again', async () => {
    const device = new FakeFilterDevice({ places: 4 });
    const keeper = new FilterKeeper({ name: 'p0', device, journal: new MemoryJournal() });
    const stuck: unknown[] = [];
    keeper.onStuck((error) => stuck.push(error));
    await keeper.start();
    await keeper.renew(monotonicMs() + 60_000);
    await keeper.insert(FOREIGN);
    device.isStuck = true;
    await keeper.renew(monotonicMs());
    await eventually('it was tried again', () => device.deletions >= 2);
    assert.equal(stuck.length, 1);
    assert(stuck[0] instanceof FiltersNotRemoved);
    device.isStuck = false;
    await eventually('it is removed', () => device.filters.size === 0);
    await keeper.close();
  });

  it('are not written by a keeper without a lease, though it is asked to', async () => {
    const device = new FakeFilterDevice({ places: 4 });
    const keeper = new FilterKeeper({ name: 'p0', device, journal: new MemoryJournal() });
    await keeper.start();
    await assert.rejects(keeper.insert(FOREIGN), LeaseEnded);
    await keeper.close();
  });
});
