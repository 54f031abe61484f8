import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import type { RefusalCode } from '../../../engine/model/refusal.ts';
import type { PlannerOptions } from '../../../engine/planner/plan.ts';
import type { Operation, OperationResult } from '../../../engine/ports/offload-backend.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { Rig } from '../loop/engine-rig.ts';

/** A rig in which flow `n` has the score `n`. */
function rigOf(
  backend: FakeBackend,
  more: { readonly operations?: PlannerOptions['operations'] } = {},
): Rig {
  const rig = new Rig(backend, { minHoldMs: 0, ...more });
  rig.evaluator.requested = (row) => ({
    requested: RequestedPlacement.offload,
    score: rig.table.idAt(row).w3,
  });
  return rig;
}

/** Refuses puts of the flows `ns`. */
function refusing(code: RefusalCode, ...ns: number[]): FakeBackend['refuse'] {
  return (operation) =>
    operation.kind === 'put' && ns.includes(operation.flow.id.w3)
      ? { code, detail: 'test' }
      : undefined;
}

/** Lets the flows have two entries together, however many are free. */
function atMostTwo(rig: Rig): void {
  const maximum = { kind: 'entries', value: 2 } as const;
  const slice = { name: 'blue', declared: true, weight: 1, guaranteed: undefined, maximum };
  const evaluate = rig.evaluator.evaluate.bind(rig.evaluator);
  rig.evaluator.evaluate = async (table) => {
    for (const row of table.rows.subarray(0, table.count)) table.decision.slice[row] = 1;
    return { ...(await evaluate(table)), slices: [slice] };
  };
}

/** Counts the calls of `apply`. */
class CountingBackend extends FakeBackend {
  batches = 0;

  override apply(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    this.batches++;
    return super.apply(operations);
  }
}

describe('carrying out a plan', () => {
  it('installs the newcomer before the entry that it takes over is removed', async () => {
    const rig = rigOf(new FakeBackend(3));
    await rig.tick([{ n: 1 }, { n: 2 }]);
    atMostTwo(rig);
    rig.backend.log.length = 0;
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 9 }]);
    assert.deepEqual(rig.backend.log, ['put 9', 'delete 1']);
  });

  it('leaves a flow its entry if the backend refuses the newcomer', async () => {
    for (const code of ['probe-depth', 'table-full', 'device-error', 'mask-table-full'] as const) {
      const rig = rigOf(new FakeBackend(2));
      await rig.tick([{ n: 1 }, { n: 2 }]);
      rig.backend.refuse = refusing(code, 9);
      const { changes } = await rig.tick([{ n: 1 }, { n: 2 }, { n: 9 }]);
      assert.deepEqual(rig.installed(), [1, 2], code);
      assert.deepEqual(changes, [], 'no flow has moved');
      assert.equal(rig.placement(1), Placement.offload);
      assert.equal(rig.reason(1), 'placed');
      assert.equal(rig.reason(9), 'refused');
    }
  });

  it('gives the entry to the next best newcomer in the next tick', async () => {
    const rig = rigOf(new FakeBackend(2));
    await rig.tick([{ n: 1 }, { n: 2 }]);
    rig.backend.refuse = refusing('probe-depth', 9);
    const flows = [{ n: 1 }, { n: 2 }, { n: 8 }, { n: 9 }];
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 9 }]);
    assert.deepEqual(rig.installed(), [1, 2]);
    await rig.tick(flows);
    assert.deepEqual(rig.installed(), [1, 8]);
    rig.backend.refuse = () => undefined;
    await rig.tick(flows);
    assert.deepEqual(rig.installed(), [8, 9], 'a collision is retried soon');
  });

  it('tries a collision again when removals have freed other places', async () => {
    const rig = rigOf(new FakeBackend(4));
    await rig.tick([{ n: 1 }, { n: 2 }]);
    let tries = 0;
    rig.backend.refuse = (operation) => {
      if (operation.kind === 'delete' || operation.flow.id.w3 !== 9) return undefined;
      tries++;
      return rig.installed().includes(2) ? { code: 'probe-depth', detail: 'test' } : undefined;
    };
    atMostTwo(rig);
    rig.backend.log.length = 0;
    // 9 takes over the entry of 1, and 8 that of 2, whose place 9 collides with.
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 8 }, { n: 9 }]);
    assert.deepEqual(rig.backend.log, ['put 9', 'put 8', 'delete 2', 'put 9', 'delete 1']);
    assert.equal(tries, 2);
    assert.deepEqual(rig.installed(), [8, 9]);
    assert.equal(rig.reason(9), 'placed');
  });

  it('removes the entry first, in the same batch, if no entry is free', async () => {
    const backend = new CountingBackend(2);
    const rig = rigOf(backend);
    await rig.tick([{ n: 1 }, { n: 2 }]);
    backend.batches = 0;
    backend.log.length = 0;
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 8 }, { n: 9 }]);
    assert.deepEqual(backend.log, ['delete 1', 'put 9', 'delete 2', 'put 8']);
    assert.equal(backend.batches, 1);
  });

  it('removes the entry first if the newcomer needs its mask', async () => {
    const rig = rigOf(new FakeBackend(3));
    await rig.tick([{ n: 1 }, { n: 2 }]);
    atMostTwo(rig);
    rig.backend.refuse = (operation) =>
      operation.kind === 'put' && operation.flow.id.w3 === 9 && rig.installed().includes(1)
        ? { code: 'mask-table-full', detail: 'test' }
        : undefined;
    rig.backend.log.length = 0;
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 9 }]);
    assert.deepEqual(rig.backend.log, ['put 9', 'delete 1', 'put 9']);
    assert.deepEqual(rig.installed(), [2, 9]);
    assert.equal(rig.reason(9), 'placed');
  });

  it('reports a displacement if the removed entry cannot be installed again', async () => {
    const rig = rigOf(new FakeBackend(2));
    await rig.tick([{ n: 1 }, { n: 2 }]);
    rig.backend.refuse = refusing('probe-depth', 1, 9);
    const { changes } = await rig.tick([{ n: 1 }, { n: 2 }, { n: 9 }]);
    assert.deepEqual(
      changes.map(({ id, to, cause }) => [id.w3, to, cause]),
      [[1, 'onload', 'displacement']],
    );
    assert.deepEqual(rig.installed(), [2]);
    assert.equal(rig.reason(1), 'refused');
  });

  it('reports a displacement if the backend fails before the entry is installed again', async () => {
    const backend = new FakeBackend(2);
    const rig = rigOf(backend);
    await rig.tick([{ n: 1 }, { n: 2 }]);
    backend.refuse = (operation) => {
      if (operation.kind === 'delete' || operation.flow.id.w3 !== 9) return undefined;
      backend.breakWith = new Error('asleep');
      return { code: 'probe-depth', detail: 'test' };
    };
    const { changes, failures } = await rig.tick([{ n: 1 }, { n: 2 }, { n: 9 }]);
    assert.equal(failures.length, 1);
    assert.deepEqual(
      changes.map(({ id, to, cause }) => [id.w3, to, cause]),
      [[1, 'onload', 'displacement']],
    );
    assert.equal(rig.placement(1), Placement.onload);
    assert.deepEqual(rig.installed(), [2]);
  });

  it('charges operations beyond the plan to the budget', async () => {
    const rig = rigOf(new FakeBackend(2), { operations: { perSecond: 0, burst: 20 } });
    await rig.tick([{ n: 1 }, { n: 2 }]);
    rig.backend.refuse = refusing('probe-depth', 9);
    const budgets: number[] = [];
    for (let tick = 0; tick < 2; tick++) {
      const { plans } = await rig.tick([{ n: 1 }, { n: 2 }, { n: 9 }]);
      budgets.push(plans[0].budget);
    }
    // Two installations; then 1 and 2 are removed for 9, which is tried twice, and installed again.
    assert.deepEqual(budgets, [18, 12]);
  });

  it('gives a newcomer without a place that of a flow that is worth less', async () => {
    const rig = rigOf(new FakeBackend(3));
    const before = [{ n: 1 }, { n: 2 }, { n: 3 }];
    await rig.tick(before);
    // Flow 9 has no place but that of flow 2, which finds another, once flow 1 has left.
    rig.backend.refuse = (operation) =>
      operation.kind === 'put' && operation.flow.id.w3 === 9 && rig.installed().includes(2)
        ? { code: 'probe-depth', detail: 'test' }
        : undefined;
    rig.backend.log.length = 0;
    const { changes } = await rig.tick([...before, { n: 9 }]);
    assert.deepEqual(rig.backend.log, ['delete 1', 'put 9', 'delete 2', 'put 9', 'put 2']);
    assert.deepEqual(rig.installed(), [2, 3, 9]);
    assert.deepEqual(
      changes.map(({ id, to, cause }) => [id.w3, to, cause]),
      [
        [9, 'offload', 'policy'],
        [1, 'onload', 'displacement'],
      ],
    );
    assert.deepEqual(
      [rig.reason(1), rig.reason(2), rig.reason(9)],
      ['table-full', 'placed', 'placed'],
    );
  });

  it('lets more flows yield, step by step, if few are not enough', async () => {
    const rig = rigOf(new FakeBackend(20));
    const before = Array.from({ length: 20 }, (_, n) => ({ n: n + 1 }));
    await rig.tick(before);
    rig.backend.refuse = (operation) =>
      operation.kind === 'put' && operation.flow.id.w3 === 99 && rig.installed().includes(5)
        ? { code: 'probe-depth', detail: 'test' }
        : undefined;
    rig.backend.log.length = 0;
    await rig.tick([...before, { n: 99 }]);
    assert.deepEqual(rig.backend.log, [
      'delete 1',
      'put 99',
      'delete 2',
      'put 99',
      'delete 3',
      'delete 4',
      'delete 5',
      'put 99',
      'put 5',
      'put 4',
      'put 3',
      'put 2',
    ]);
    assert.equal(rig.reason(99), 'placed');
    assert.equal(rig.installed().length, 20);
  });

  it('lets no flow yield to a newcomer that is refused for another reason', async () => {
    // Masks become free only with the last entry that uses them.
    for (const code of ['device-error', 'mask-table-full'] as const) {
      const rig = rigOf(new FakeBackend(4));
      await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }]);
      rig.backend.refuse = refusing(code, 9);
      rig.backend.log.length = 0;
      await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 9 }]);
      assert.deepEqual(rig.backend.log, ['put 9'], code);
      assert.equal(rig.reason(9), 'refused');
    }
  });

  it('offers an entry to up to forty flows in the same tick', async () => {
    const flows = Array.from({ length: 35 }, (_, n) => ({ n: n + 1 }));
    const rig = rigOf(new FakeBackend(1));
    rig.backend.refuse = refusing('probe-depth', ...flows.map(({ n }) => n).slice(4));
    await rig.tick(flows);
    assert.deepEqual(rig.installed(), [4]);
  });

  it('offers entries that stay free to the next best flows in the same tick', async () => {
    const rig = rigOf(new FakeBackend(2));
    rig.backend.refuse = refusing('probe-depth', 8, 9);
    await rig.tick([{ n: 5 }, { n: 6 }, { n: 7 }, { n: 8 }, { n: 9 }]);
    assert.deepEqual(rig.installed(), [6, 7]);
  });

  it('reports every operation', async () => {
    const rig = rigOf(new FakeBackend(2));
    await rig.tick([{ n: 1 }, { n: 2 }]);
    rig.backend.refuse = refusing('probe-depth', 9);
    const { operations } = await rig.tick([{ n: 1 }, { n: 2 }, { n: 9 }]);
    assert.deepEqual(
      operations.map(({ kind, id, result }) => [kind, id.w3, result.ok]),
      [
        ['delete', 1, true],
        ['put', 9, false],
        ['delete', 2, true],
        ['put', 9, false],
        ['put', 2, true],
        ['put', 1, true],
      ],
    );
  });

  it('never leaves fewer entries in use, whatever newcomers are refused for', async () => {
    const code = fc.constantFrom<RefusalCode>('probe-depth', 'table-full', 'mask-table-full');
    const step = fc.record({
      scores: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 9, maxLength: 9 }),
      refused: fc.uniqueArray(fc.nat(8), { maxLength: 9 }),
      code,
    });
    const flows = Array.from({ length: 9 }, (_, n) => ({ n }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.nat(8), async (steps, entries) => {
        const rig = rigOf(new FakeBackend(entries));
        let before: number[] = [];
        for (const { scores, refused, code: why } of steps) {
          const hadEntry = new Set(before);
          // An entry that was removed a moment ago can be installed again.
          rig.backend.refuse = refusing(why, ...refused.filter((n) => !hadEntry.has(n)));
          rig.evaluator.requested = (row) => ({
            requested: RequestedPlacement.offload,
            score: scores[rig.table.idAt(row).w3],
          });
          await rig.tick(flows);
          const now = rig.installed();
          assert.ok(now.length >= before.length && now.length <= entries);
          const placed = flows.filter(({ n }) => rig.placement(n) === Placement.offload);
          assert.deepEqual(
            placed.map(({ n }) => n),
            now,
          );
          before = now;
        }
      }),
    );
  });
});
