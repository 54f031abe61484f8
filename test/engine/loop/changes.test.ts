import assert from 'node:assert/strict';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import { formatFlowId } from '../../../engine/model/flow-id.ts';
import type { PlacementChange } from '../../../engine/model/placement-change.ts';
import type { Capacity } from '../../../engine/ports/offload-backend.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { flowId, outputTo, rowOf } from '../../support/flows.ts';
import { NO_PORTS, Rig } from './engine-rig.ts';

/** Summary of a change: flow, from, to, cause. */
function gist({ id, from, to, cause }: PlacementChange): string {
  return `${id.w3} ${from} -> ${to}: ${cause}`;
}

async function gists(report: Promise<{ readonly changes: readonly PlacementChange[] }>) {
  return (await report).changes.map(gist);
}

describe('changes of placement', () => {
  it('have cause policy when a rule requests them', async () => {
    const rig = new Rig();
    assert.deepEqual(await gists(rig.tick([{ n: 1 }])), ['1 onload -> offload: policy']);
    assert.deepEqual(await gists(rig.tick([{ n: 1 }])), [], 'nothing has changed');
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.onload, score: 0 });
    rig.clock.advance(5000);
    assert.deepEqual(await gists(rig.tick([{ n: 1 }])), ['1 offload -> onload: policy']);
  });

  it('have their time, rule and reason', async () => {
    const rig = new Rig();
    await rig.tick([]);
    const evaluate = rig.evaluator.evaluate.bind(rig.evaluator);
    rig.evaluator.evaluate = (table) => {
      table.decision.rule[rowOf(table, 1)] = 1;
      return evaluate(table);
    };
    const { changes, endedAtMs } = await rig.tick([{ n: 1 }]);
    const [{ atMs, reason, requested, score, plannedBy }] = changes;
    assert.deepEqual(
      { atMs, reason, requested, score, plannedBy },
      {
        atMs: 1000,
        reason: 'placed',
        requested: RequestedPlacement.offload,
        score: 1,
        plannedBy: { rule: 1, inputs: undefined },
      },
    );
    assert.equal(endedAtMs, 1000);
  });

  it('have cause displacement when a flow that is worth more gets the entry', async () => {
    const rig = new Rig(new FakeBackend(1), { minHoldMs: 0 });
    await rig.tick([{ n: 1 }]);
    rig.evaluator.requested = (row) => ({
      requested: RequestedPlacement.offload,
      score: row === rowOf(rig.table, 2) ? 9 : 1,
    });
    assert.deepEqual(await gists(rig.tick([{ n: 1 }, { n: 2 }])), [
      '1 offload -> onload: displacement',
      '2 onload -> offload: policy',
    ]);
  });

  it('have cause capacity when the table shrinks', async () => {
    class Shrinking extends FakeBackend {
      declared = 2;
      override capacity(): Capacity {
        return { ...super.capacity(), entries: this.declared };
      }
    }
    const backend = new Shrinking(2);
    const rig = new Rig(backend, { minHoldMs: 0 });
    await rig.tick([{ n: 1 }, { n: 2 }]);
    backend.declared = 1;
    rig.evaluator.requested = (row) => ({ requested: RequestedPlacement.offload, score: row + 1 });
    const changes = await gists(rig.tick([{ n: 1 }, { n: 2 }]));
    assert.deepEqual(changes, ['1 offload -> onload: capacity']);
  });

  it('have cause actions-changed, then policy when the flow is placed again', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(await gists(rig.tick([{ n: 1, actions: [] }])), [
      '1 offload -> onload: actions-changed',
      '1 onload -> offload: policy',
    ]);
  });

  it('keep their cause while the backend refuses to remove the entry', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    rig.backend.refuse = () => ({ code: 'device-error', detail: 'EIO' });
    assert.deepEqual(await gists(rig.tick([{ n: 1, actions: outputTo('vm3') }])), []);
    rig.backend.refuse = () => undefined;
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
    assert.deepEqual(await gists(rig.tick([{ n: 1 }])), ['1 offload -> onload: actions-changed']);
  });

  it('report a placed flow that left the vSwitch, even if its entry cannot be removed', async () => {
    const rig = new Rig();
    rig.evaluator.requested = (row) => ({
      requested: row === rowOf(rig.table, 1) ? RequestedPlacement.offload : RequestedPlacement.none,
      score: 1,
    });
    await rig.tick([{ n: 1 }, { n: 2 }]);
    rig.backend.breakWith = new Error('asleep');
    assert.deepEqual(await gists(rig.tick([])), ['1 offload -> gone: gone']);
    assert.deepEqual(await gists(rig.tick([])), [], 'the removal of its entry is not a change');
    assert.deepEqual(rig.installed(), []);
  });

  it('report a flow that left once, though two ticks have the same reading', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(await gists(rig.tick([])), ['1 offload -> gone: gone']);
    assert.deepEqual(await gists(rig.tick([], { read: false })), []);
  });

  it('between two ticks are in the next report, with their time', async () => {
    const rig = new Rig(new FakeBackend(), { minHoldMs: 0 });
    await rig.tick([{ n: 1 }, { n: 2 }]);
    rig.clock.advance(100);
    await rig.engine.portsChanged(NO_PORTS, rig.table);
    const { changes } = await rig.tick([{ n: 1 }]);
    assert.deepEqual(changes.map(gist), [
      '1 offload -> onload: port',
      '2 offload -> onload: port',
      '1 onload -> offload: policy',
    ]);
    assert.deepEqual(
      changes.map((c) => c.atMs),
      [600, 600, 1100],
    );
    rig.clock.advance(100);
    await rig.engine.onloadAll(rig.table);
    const held = await rig.tick([{ n: 1 }], { flowsFresh: false });
    assert.deepEqual(
      held.changes.map((c) => [gist(c), c.atMs, c.reason]),
      [['1 offload -> onload: panic', 1200, 'held']],
    );
    assert.deepEqual(await gists(rig.tick([{ n: 1 }])), [], 'each is reported once');
  });

  it('of the panic button wait for a backend that cannot remove its entries', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    const withdrawAll = rig.backend.withdrawAll.bind(rig.backend);
    rig.backend.withdrawAll = () => Promise.reject(new Error('busy'));
    await assert.rejects(rig.engine.onloadAll(rig.table));
    assert.deepEqual(await gists(rig.tick([{ n: 1 }])), []);
    rig.backend.withdrawAll = withdrawAll;
    assert.deepEqual(await gists(rig.tick([{ n: 1 }])), ['1 offload -> onload: panic']);
  });

  it('have cause audit when an audit adopts an entry or finds one missing', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    const next = new Rig(rig.backend);
    next.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
    assert.deepEqual(await gists(next.tick([{ n: 1 }])), ['1 onload -> offload: audit']);
    rig.backend.installed.delete(formatFlowId(flowId(1)));
    next.clock.advance(31_000);
    const { changes } = await next.tick([{ n: 1 }]);
    assert.deepEqual(
      changes.map((c) => [gist(c), c.reason]),
      [['1 offload -> onload: audit', 'entry-lost']],
    );
  });

  it('are two when a flow moves from one backend to another', async () => {
    const rig = new Rig([new FakeBackend(), new FakeBackend(100, 'fast-path')], { minHoldMs: 0 });
    await rig.tick([{ n: 1 }]);
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.fastPath, score: 1 });
    assert.deepEqual(await gists(rig.tick([{ n: 1 }])), [
      '1 offload -> onload: policy',
      '1 onload -> fast-path: policy',
    ]);
  });

  it('do not include refusals, which are reported as operations', async () => {
    const rig = new Rig();
    rig.backend.refuse = () => ({ code: 'probe-depth', detail: '200 places tried' });
    const put = await rig.tick([{ n: 1 }]);
    assert.deepEqual(put.changes, []);
    assert.deepEqual(
      put.operations.map(({ kind, result }) => [kind, result.ok]),
      [['put', false]],
    );
    rig.backend.refuse = () => undefined;
    rig.clock.advance(2000);
    await rig.tick([{ n: 1 }]);
    rig.backend.refuse = () => ({ code: 'device-error', detail: 'EIO' });
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.onload, score: 0 });
    rig.clock.advance(2000);
    assert.deepEqual((await rig.tick([{ n: 1 }])).changes, []);
  });
});
