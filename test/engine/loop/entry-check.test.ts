import assert from 'node:assert/strict';
import { formatFlowId } from '../../../engine/model/flow-id.ts';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import type { BackendCapabilities } from '../../../engine/ports/offload-backend.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { FakeLookup } from '../../support/fake-lookup.ts';
import { flowId, outputTo, read, rowOf, type Seen } from '../../support/flows.ts';
import { NO_PORTS, Rig } from './engine-rig.ts';

const FLOWS: readonly Seen[] = [1, 2, 3, 4, 5].map((n) => ({ n, packets: 100 }));

class LongLease extends FakeBackend {
  override capabilities(): BackendCapabilities {
    return { ...super.capabilities(), leaseMs: 10_000 };
  }
}

/** A rig with five offloaded flows, which the vSwitch has. */
async function offloaded(
  backend = new FakeBackend(),
): Promise<{ readonly rig: Rig; readonly lookup: FakeLookup }> {
  const lookup = new FakeLookup();
  for (const { n } of FLOWS) lookup.set(n, outputTo('vm2'));
  const rig = new Rig(backend, { lookup });
  await rig.tick(FLOWS);
  assert.equal(rig.backend.installed.size, FLOWS.length);
  rig.clock.advance(300);
  return { rig, lookup };
}

const check = (rig: Rig) => rig.engine.checkEntries(rig.table, rig.signal);

describe('checks of the installed entries', () => {
  it('verify as of the first request when every flow is as it was', async () => {
    const { rig, lookup } = await offloaded();
    const askedAtMs = rig.clock.now();
    lookup.before = () => rig.clock.advance(50);
    const report = await check(rig);
    assert.deepEqual(report, { compared: 5, outdated: 0, complete: true });
    assert.equal(lookup.calls.flat().length, 5);
    assert.ok(lookup.calls.every((call) => call.length <= lookup.maxFlows));
    assert.equal(rig.verifiedAtMs(), askedAtMs);
  });

  it('that do not read all that entries depend on remove entries, and verify none', async () => {
    const lookup = new FakeLookup();
    lookup.isPartial = true;
    for (const { n } of FLOWS) lookup.set(n, outputTo('vm2'));
    const rig = new Rig(new FakeBackend(), { lookup });
    await rig.tick(FLOWS);
    const verifiedAtMs = rig.verifiedAtMs();
    rig.clock.advance(300);
    assert.deepEqual(await check(rig), { compared: 5, outdated: 0, complete: false });
    lookup.set(3, outputTo('vm9'));
    assert.deepEqual(await check(rig), { compared: 5, outdated: 1, complete: false });
    assert.equal(rig.backend.installed.size, 4);
    assert.equal(rig.verifiedAtMs(), verifiedAtMs);
  });

  it('remove an entry whose flow has other actions, and verify the others', async () => {
    const { rig, lookup } = await offloaded();
    lookup.set(3, outputTo('vm9'));
    const report = await check(rig);
    assert.deepEqual(report, { compared: 5, outdated: 1, complete: true });
    assert.equal(rig.backend.installed.size, 4);
    assert.equal(rig.verifiedAtMs(), rig.clock.now());
    const { changes } = await rig.tick(FLOWS.filter(({ n }) => n !== 3));
    assert.equal(
      changes.find(({ row }) => row === rowOf(rig.table, 1)),
      undefined,
    );
    assert.deepEqual(
      changes.map(({ id, cause, to }) => [id.w3, cause, to]),
      [[3, 'actions-changed', 'onload']],
    );
  });

  it('remove an entry whose flow has another match', async () => {
    const { rig, lookup } = await offloaded();
    lookup.set(2, outputTo('vm2'), 'vm8');
    assert.equal((await check(rig))?.outdated, 1);
    assert.equal(rig.backend.installed.size, 4);
  });

  it('remove an entry whose flow is gone', async () => {
    const { rig, lookup } = await offloaded();
    lookup.remove(5);
    await check(rig);
    assert.equal(rig.backend.installed.size, 4);
    const { changes } = await rig.tick(FLOWS.slice(0, 4));
    assert.deepEqual(
      changes.map(({ id, cause, to }) => [id.w3, cause, to]),
      [[5, 'gone', 'gone']],
    );
  });

  it('verify nothing while a removal is not confirmed', async () => {
    const { rig, lookup } = await offloaded();
    const before = rig.verifiedAtMs();
    lookup.remove(5);
    rig.backend.refuse = () => ({ code: 'device-error', detail: 'EMFILE' });
    await check(rig);
    assert.equal(rig.verifiedAtMs(), before);
    rig.backend.refuse = () => undefined;
    await check(rig);
    assert.equal(rig.backend.installed.size, 4);
    assert.equal(rig.verifiedAtMs(), rig.clock.now());
  });

  it('verify nothing when the vSwitch does not answer, but remove what differed until then', async () => {
    const { rig, lookup } = await offloaded();
    const before = rig.verifiedAtMs();
    lookup.remove(1);
    lookup.before = () => {
      if (lookup.calls.length === 3) lookup.fault = new Error('no answer');
    };
    await assert.rejects(check(rig), /no answer/);
    assert.equal(rig.verifiedAtMs(), before);
    assert.equal(rig.backend.installed.size, 4);
  });

  it('do not count for an entry that a tick installs meanwhile', async () => {
    const { rig, lookup } = await offloaded();
    const before = rig.verifiedAtMs() ?? 0;
    let once = true;
    lookup.before = async () => {
      if (!once) return;
      once = false;
      await rig.tick([...FLOWS, { n: 6, packets: 100 }]);
      lookup.remove(6);
      // The last call of the check has been made when the entry is installed.
      lookup.maxFlows = 100;
    };
    lookup.maxFlows = 100;
    const report = await check(rig);
    assert.equal(report?.compared, 6);
    assert.equal(report?.outdated, 1, 'a second pass reads the flow');
    assert.ok((rig.verifiedAtMs() ?? 0) > before);
    assert.equal(rig.backend.installed.size, 5);
  });

  it('do not count while a reading has not been handled', async () => {
    const { rig } = await offloaded();
    const before = rig.verifiedAtMs();
    read(rig.table, rig.clock.now(), FLOWS.slice(1));
    assert.deepEqual(await check(rig), { compared: 0, outdated: 0, complete: false });
    assert.equal(rig.verifiedAtMs(), before);
  });

  it('do not count when a reading that misses a flow ends meanwhile', async () => {
    const { rig, lookup } = await offloaded();
    const before = rig.verifiedAtMs();
    lookup.before = () => {
      if (lookup.calls.length === 1) read(rig.table, rig.clock.now(), FLOWS.slice(0, 2));
    };
    assert.equal((await check(rig))?.complete, false);
    assert.equal(rig.verifiedAtMs(), before);
  });

  it('let no tick install by a reading older than the verification', async () => {
    const { rig, lookup } = await offloaded(new LongLease());
    lookup.before = () => rig.clock.advance(10);
    const { requested } = rig.evaluator;
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
    read(rig.table, rig.clock.now(), [...FLOWS, { n: 6, packets: 100 }]);
    await rig.tick([], { flowsFresh: true, read: false });
    rig.evaluator.requested = requested;
    lookup.set(6, outputTo('vm2'));
    await check(rig);
    const { size } = rig.backend.installed;
    await rig.tick([], { flowsFresh: true, read: false });
    assert.equal(rig.backend.installed.size, size);
    await rig.tick([...FLOWS, { n: 6, packets: 200 }]);
    assert.equal(rig.backend.installed.has(formatFlowId(flowId(6))), true);
  });

  it('count only after changed ports have been applied', async () => {
    const { rig } = await offloaded();
    const before = rig.verifiedAtMs();
    rig.engine.verificationOf(rig.backend)?.announcePorts();
    await check(rig);
    assert.equal(rig.verifiedAtMs(), before);
    await rig.engine.portsChanged(NO_PORTS, rig.table);
    await check(rig);
    assert.equal(rig.verifiedAtMs(), rig.clock.now());
  });

  it('are not made without a way to read single flows', async () => {
    const rig = new Rig();
    await rig.tick(FLOWS);
    assert.equal(await check(rig), undefined);
  });
});
