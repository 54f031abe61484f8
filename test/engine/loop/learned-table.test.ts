import assert from 'node:assert/strict';
import { Engine } from '../../../engine/loop/engine.ts';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { Operation } from '../../../engine/ports/offload-backend.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { read } from '../../support/flows.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptEvaluator } from '../../support/script-evaluator.ts';
import { Rig } from './engine-rig.ts';

const FLOWS = Array.from({ length: 30 }, (_, n) => ({ n }));

describe('a table that holds fewer entries than it declares', () => {
  it('is planned with its learned entries, which grow again later', async () => {
    const clock = new ManualClock();
    const table = new FlowTable();
    const backend = new FakeBackend(100);
    let room = 12;
    const full = { code: 'table-full', detail: 'no room' } as const;
    backend.refuse = (operation: Operation) =>
      operation.kind === 'put' && backend.installed.size >= room ? full : undefined;
    const engine = new Engine({
      evaluator: new ScriptEvaluator(),
      planner: { minHoldMs: 0, operations: { perSecond: 1e6, burst: 1e6 } },
      backends: [backend],
      clock,
      auditMs: 1e9,
    });
    const tick = async () => {
      clock.advance(200);
      read(table, clock.now(), FLOWS);
      const report = await engine.onTick(
        {
          sequence: 1,
          atMs: clock.now(),
          table,
          node: { hostCpu: 0.5, portLoad: new Map() },
          ports: new Map(),
          sources: [],
          flowsFresh: true,
          fresh: true,
        },
        new AbortController().signal,
      );
      return report.plans[0];
    };

    assert.equal((await tick()).learnedEntries, 12);
    backend.log.length = 0;
    assert.equal((await tick()).learnedEntries, 12);
    assert.equal((await tick()).capacity.entries, 100, 'the declared number is unchanged');
    assert.deepEqual(backend.log, [], 'no attempts beyond the learned entries');

    room = 100;
    // Half a second after the refusal one entry more is tried, then four, sixteen, and all.
    for (let n = 0; n < 5; n++) await tick();
    assert.equal((await tick()).learnedEntries, 100);
    for (let n = 0; n < 100; n++) await tick();
    assert.equal(backend.installed.size, 30);
  });

  it('is learned from a single newcomer, which gets the entry of the flow that is worth least', async () => {
    const backend = new FakeBackend(100);
    const rig = new Rig(backend, { minHoldMs: 0 });
    rig.evaluator.requested = (row) => ({
      requested: RequestedPlacement.offload,
      score: rig.table.idAt(row).w3,
    });
    const flows = Array.from({ length: 12 }, (_, n) => ({ n: n + 1 }));
    await rig.tick(flows);
    backend.refuse = (operation) =>
      operation.kind === 'put' && backend.installed.size >= 12
        ? { code: 'table-full', detail: 'test' }
        : undefined;
    const { plans } = await rig.tick([...flows, { n: 50 }]);
    assert.equal(plans[0].learnedEntries, 12);
    assert.deepEqual(rig.installed(), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 50]);
  });

  it('is planned with all its entries when single flows collide', async () => {
    const backend = new FakeBackend(20);
    const rig = new Rig(backend, { minHoldMs: 0 });
    const collides = (n: number): boolean => n % 2 === 0;
    backend.refuse = (operation: Operation) =>
      operation.kind === 'put' && collides(operation.flow.id.w3)
        ? { code: 'probe-depth', detail: 'no place' }
        : undefined;
    for (let tick = 0; tick < 60; tick++) {
      const { plans } = await rig.tick(FLOWS);
      assert.equal(plans[0].learnedEntries, 20);
    }
    assert.equal(backend.installed.size, 15, 'every flow that does not collide has an entry');
    backend.log.length = 0;
    await rig.tick(FLOWS);
    assert.ok(backend.log.length < 5, 'flows that keep colliding are rarely tried');
    assert.equal(rig.reason(2), 'refused');
  });
});
