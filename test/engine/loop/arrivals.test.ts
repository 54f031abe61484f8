import assert from 'node:assert/strict';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { anyFrom, flowId, outputTo, type Seen } from '../../support/flows.ts';
import { NO_PORTS, Rig } from './engine-rig.ts';
import { ScriptEvaluator } from '../../support/script-evaluator.ts';

const NO_REQUEST = { requested: RequestedPlacement.none, score: 0 } as const;

/** Reads `flows` alone, some ms after the last tick, and lets the engine place them at their rate. */
function arrive(rig: Rig, flows: readonly Seen[], packetsPerSecond = 100) {
  rig.clock.advance(20);
  const { table } = rig;
  const readAtMs = rig.clock.now();
  table.beginPartial(readAtMs);
  for (const { n, packets = 10, bytes = 1_000, actions } of flows) {
    const id = flowId(n);
    let row = table.rowOf(id);
    if (row < 0) row = table.add(id, anyFrom('vm1'), actions ?? outputTo('vm2'));
    else if (actions !== undefined) table.setActions(row, actions);
    table.observe(row, packets, bytes, 0);
  }
  const rows = table.endPartial();
  for (const row of rows) table.rates.lastPacketsPerSecond[row] = packetsPerSecond;
  const tick = {
    sequence: 1,
    atMs: rig.clock.now(),
    table,
    node: { hostCpu: 0.5, portLoad: new Map() },
    ports: NO_PORTS,
    sources: [],
    flowsFresh: true,
    fresh: true,
  };
  const rated = rows.filter((row) => table.traffic.vswitchPackets[row] > 0);
  return rig.engine.placeArrivals({ ...tick, rows, rated, readAtMs }, rig.signal);
}

describe('new flows between two ticks', () => {
  it('get an entry at once, which the next report has', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    const report = await arrive(rig, [{ n: 2 }, { n: 3 }]);
    assert.deepEqual([report.isDecided, report.placed], [true, 2]);
    assert.deepEqual(rig.installed(), [1, 2, 3]);
    assert.equal(rig.placement(2), Placement.offload);
    assert.equal(rig.reason(2), 'placed');
    const { changes, operations, batches } = await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }]);
    assert.deepEqual(
      changes.map(({ id, to }) => [id.w3, to]),
      [
        [2, 'offload'],
        [3, 'offload'],
      ],
    );
    assert.equal(operations.length, 2);
    assert.equal(batches.length, 1);
    const next = await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }]);
    assert.deepEqual([next.changes, next.operations, next.batches], [[], [], []]);
  });

  it('stay on the vSwitch if no rule requests an entry, or the planner gives none', async () => {
    const rig = new Rig();
    await rig.tick([]);
    rig.evaluator.requested = () => NO_REQUEST;
    assert.equal((await arrive(rig, [{ n: 1 }])).placed, 0);
    assert.equal(rig.reason(1), 'no-rule');
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.offload, score: 0 });
    assert.equal((await arrive(rig, [{ n: 2 }], 0)).placed, 0);
    assert.equal(rig.reason(2), 'below-threshold');
    assert.deepEqual(rig.installed(), []);
  });

  it('leave all other flows as they are', async () => {
    const rig = new Rig();
    let requested: ReturnType<ScriptEvaluator['requested']> = NO_REQUEST;
    rig.evaluator.requested = () => requested;
    await rig.tick([{ n: 1 }, { n: 2 }]);
    requested = { requested: RequestedPlacement.offload, score: 1 };
    rig.table.decision.requested.fill(RequestedPlacement.offload);
    const before = rig.table.readAtMs;
    await arrive(rig, [{ n: 3 }]);
    assert.deepEqual(rig.installed(), [3], 'flows that were not read get no entry');
    assert.equal(rig.reason(1), 'no-rule');
    assert.equal(rig.table.readAtMs, before);
    assert.equal(rig.verifiedAtMs(), before);
  });

  it('take over entries as in a tick', async () => {
    const rig = new Rig(new FakeBackend(1));
    let score = 1;
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.offload, score });
    await rig.tick([{ n: 1 }]);
    score = 10;
    rig.clock.advance(2_000);
    await arrive(rig, [{ n: 2 }]);
    assert.deepEqual(rig.installed(), [2]);
    assert.equal(rig.placement(1), Placement.onload);
    const { changes } = await rig.tick([{ n: 1 }, { n: 2 }]);
    assert.deepEqual(
      changes.map(({ id, to, reason }) => [id.w3, to, reason]),
      [
        [1, 'onload', 'table-full'],
        [2, 'offload', 'placed'],
      ],
    );
  });

  it('use the same budget of operations as ticks', async () => {
    const rig = new Rig(undefined, { operations: { perSecond: 0, burst: 2 } });
    await rig.tick([{ n: 1 }]);
    await arrive(rig, [{ n: 2 }, { n: 3 }, { n: 4 }]);
    assert.equal(rig.installed().length, 2);
  });

  const FORBIDDING: Readonly<Record<string, (rig: Rig) => void | Promise<unknown>>> = {
    'all flows are held on the vSwitch': (rig) => rig.engine.hold(),
    'the entries were verified after the flows were read': (rig) => {
      rig.engine.verificationOf(rig.backend)?.recordComparison(rig.clock.now() + 1_000, 0);
    },
    'it is unknown which entries the backend has': (rig) =>
      rig.engine.verificationOf(rig.backend)?.markUnknown(),
    'an entry that must not stay could not be removed': async (rig) => {
      await rig.tick([{ n: 9 }]);
      rig.backend.refuse = ({ kind }) =>
        kind === 'delete' ? { code: 'device-error', detail: 'a test' } : undefined;
      await rig.tick([]);
    },
  };
  for (const [what, happens] of Object.entries(FORBIDDING)) {
    it(`get no entry while ${what}`, async () => {
      const rig = new Rig();
      await rig.tick([]);
      await happens(rig);
      const { placed } = await arrive(rig, [{ n: 1 }]);
      assert.equal(placed, 0);
      assert.ok(!rig.installed().includes(1));
      assert.equal(rig.placement(1), Placement.onload);
    });
  }

  const UNDECIDED: Readonly<Record<string, (rig: Rig) => void | Promise<unknown>>> = {
    'the rules have changed': (rig) => rig.engine.useRules(new ScriptEvaluator()),
    'the ports have changed': (rig) => rig.engine.portsChanged(new Map(), rig.table),
  };
  for (const [what, happens] of Object.entries(UNDECIDED)) {
    it(`are left to the next tick when ${what}`, async () => {
      const rig = new Rig();
      await rig.tick([]);
      await happens(rig);
      assert.equal((await arrive(rig, [{ n: 1 }])).isDecided, false);
      assert.deepEqual(rig.installed(), []);
    });
  }

  it('are left to the next tick when one has the entry of another version', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), [1]);
    const { isDecided } = await arrive(rig, [{ n: 1, actions: outputTo('vm3') }, { n: 2 }]);
    assert.equal(isDecided, false);
    await rig.tick([{ n: 1 }, { n: 2 }]);
    assert.ok(rig.backend.log.includes('delete 1'));
  });

  it('are left to the next tick when one contradicts an entry, even without a rate', async () => {
    class Steering extends FakeBackend {
      /** An entry is for all flows of a destination. */
      contradicted(table: FlowTable): readonly FlowId[] {
        return table.rowOf(flowId(2)) < 0 ? [] : [flowId(1)];
      }
    }
    const rig = new Rig(new Steering());
    await rig.tick([{ n: 1 }]);
    assert.equal((await arrive(rig, [{ n: 3, packets: 0, bytes: 0 }], 0)).isDecided, true);
    const { isDecided } = await arrive(rig, [{ n: 2, packets: 0, bytes: 0 }], 0);
    assert.equal(isDecided, false);
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }]);
    assert.ok(rig.backend.log.includes('delete 1'));
  });

  it('need no tick while all flows are held on the vSwitch', async () => {
    const rig = new Rig();
    await rig.tick([]);
    rig.engine.hold();
    assert.equal((await arrive(rig, [{ n: 1 }])).isDecided, true);
  });

  it('do not hide a failed backend', async () => {
    const rig = new Rig();
    await rig.tick([]);
    rig.backend.breakWith = new Error('the device is gone');
    const { failures, placed } = await arrive(rig, [{ n: 1 }]);
    assert.deepEqual(
      failures.map(({ backend }) => backend),
      ['fake'],
    );
    assert.equal(placed, 0);
    assert.equal(rig.engine.verificationOf(rig.backend)?.audited, false);
  });
});
