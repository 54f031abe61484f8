import assert from 'node:assert/strict';
import { monotonicMs } from '../../../async/monotonic.ts';
import fc from 'fast-check';
import { PriorityTaken } from '../../../adapters/openflow/errors.ts';
import type { OffloadBackend } from '../../../engine/ports/offload-backend.ts';
import { carried, idText, installed, never } from '../../contract/collect.ts';
import { del, put, outcomesOf } from '../../contract/offload-backend-operations.ts';
import { modelFlow, ModelRig } from './model-rig.ts';
import { eventually } from '../../support/eventually.ts';

const KINDS = [
  { name: '1.3 with bundles', version: 4, bundles: true },
  { name: '1.3 with barriers', version: 4, bundles: false },
  { name: '1.0', version: 1, bundles: false },
] as const;

for (const { name, version, bundles } of KINDS) {
  describe(`the OpenFlow backend and a failing switch, ${name}`, function () {
    this.timeout(20_000);
    let rig: ModelRig;
    const bad = version === 4 ? { errorType: 4, code: 6 } : { errorType: 3, code: 5 };

    beforeEach(async () => {
      rig = await ModelRig.start(version, bundles);
    });
    afterEach(() => rig.close());

    const started = async (over = {}): Promise<OffloadBackend> => {
      const backend = rig.backend(over);
      await backend.start(rig.ports(), never());
      await backend.renewLease(monotonicMs());
      return backend;
    };
    /** Rules in the switch that are not the controller's. */
    const ours = () => rig.model.table.rules.filter((rule) => rule.cookie !== 0xc0ffeen).length;

    it('refuses flows when the switch is full, and keeps the rest', async () => {
      const backend = await started();
      rig.model.capacity = 4;
      const flows = [0, 1, 2, 3, 4].map((n) => modelFlow(n));
      const results = await backend.apply(flows.map(put), never());
      assert.deepEqual(outcomesOf(results), [
        'installed',
        'installed',
        'installed',
        'table-full',
        'table-full',
      ]);
      assert.deepEqual(await installed(backend), flows.slice(0, 3).map(idText));
      const [gone, back] = outcomesOf(await backend.apply([del(flows[0]), put(flows[4])], never()));
      assert.deepEqual([gone, back], ['deleted', 'installed']);
    });

    it('refuses the one flow that the switch rejects, with its error', async () => {
      const backend = await started();
      const { cookie } = { cookie: BigInt(0x2000 + 1) << 15n };
      rig.model.refuse = (mod) =>
        (mod.cookie & cookie) === cookie && mod.priority > 1 ? bad : undefined;
      const results = await backend.apply(
        [put(modelFlow(0)), put(modelFlow(1)), put(modelFlow(2))],
        never(),
      );
      assert.deepEqual(
        results.map((r) => r.ok),
        [true, false, true],
      );
      const [, refused] = results;
      assert.ok(!refused.ok);
      assert.equal(
        refused.refusal.code,
        version === 4 ? 'unsupported-match' : 'unsupported-action',
      );
      assert.match(refused.refusal.detail, /the switch reports/);
      assert.equal(rig.send(0), 'out');
      assert.equal(rig.send(1), 'slow');
      assert.equal(rig.send(2), 'out');
    });

    it('knows the installed rules after the connection broke in the middle of a batch', async () => {
      const backend = await started();
      await backend.apply([put(modelFlow(9))], never());
      rig.model.dropAfterMods = 2;
      const flows = [0, 1, 2, 3].map((n) => modelFlow(n));
      const broken = outcomesOf(await backend.apply(flows.map(put), never()));
      assert.deepEqual([...new Set(broken)], ['device-error']);
      await eventually('it is back', () => backend.capacity().entries === 128);
      // Nothing was confirmed, so nothing of it may be there.
      assert.deepEqual(await installed(backend), [idText(modelFlow(9))]);
      assert.equal(ours(), 1);
      const results = await backend.apply(flows.map(put), never());
      assert.ok(results.every((r) => r.ok));
      assert.equal(ours(), 5);
    });

    it('is not held up by a silent switch for longer than its time-out', async () => {
      const backend = await started();
      rig.model.silent = true;
      const startMs = performance.now();
      const [late] = await backend.apply([put(modelFlow(0))], never());
      assert.ok(!late.ok && /within 400 ms/.test(late.refusal.detail));
      assert.ok(performance.now() - startMs < 1_500);
      const [result] = await backend.apply([put(modelFlow(1))], never());
      assert.ok(!result.ok && result.refusal.code === 'device-error');
      assert.equal(backend.capacity().entries, 0, 'no room without a switch');
      rig.model.silent = false;
      rig.model.hangUp();
      await eventually('it is back', () => backend.capacity().entries === 128);
      assert.deepEqual(outcomesOf(await backend.apply([put(modelFlow(1))], never())), [
        'installed',
      ]);
    });

    it('connects again to a switch that reports changes faster than they can be followed', async () => {
      const backend = await started();
      rig.model.silent = true;
      const applying = backend.apply([put(modelFlow(0))], never());
      for (let i = 0; i < 1_100; i++) rig.model.setLink('other', i % 2 === 1);
      const [late] = await applying;
      assert.ok(
        !late.ok && /1000 tasks are already waiting/.test(late.refusal.detail),
        JSON.stringify(late),
      );
      rig.model.silent = false;
      await eventually('it is back', () => backend.capacity().entries === 128);
      assert.deepEqual(outcomesOf(await backend.apply([put(modelFlow(1))], never())), [
        'installed',
      ]);
    });

    it('restores rules that a switch lost, and counts their traffic once', async () => {
      const backend = await started();
      await backend.apply([put(modelFlow(0))], never());
      rig.send(0, 7);
      assert.equal((await carried(backend)).get(idText(modelFlow(0)))?.packets, 7);
      rig.model.table.rules = rig.model.table.rules.filter((rule) => rule.cookie === 0xc0ffeen);
      rig.model.hangUp();
      await eventually('it is back', () => rig.model.connections === 2);
      await eventually('in step', () => backend.capacity().entries === 128);
      assert.equal(rig.send(0), 'slow');
      await backend.renewLease(monotonicMs());
      assert.equal(rig.send(0, 3), 'out');
      assert.equal((await carried(backend)).get(idText(modelFlow(0)))?.packets, 3);
    });

    it('removes rules when the fast path loses its link, and reports them', async () => {
      const backend = await started();
      await backend.apply([put(modelFlow(0)), put(modelFlow(1, 'other'))], never());
      let notified = 0;
      backend.onLost?.(() => notified++);
      rig.model.setLink('out', false);
      await eventually('notified', () => notified === 1);
      assert.equal(rig.send(0), 'slow');
      assert.equal(rig.send(1), 'other');
      assert.deepEqual(await backend.portsChanged(rig.ports()), [modelFlow(0).id]);
      const [refused] = await backend.apply([put(modelFlow(0))], never());
      assert.ok(!refused.ok && refused.refusal.code === 'port-unavailable');
      rig.model.setLink('out', true);
      await eventually('notified again', () => notified === 2);
      assert.ok((await backend.apply([put(modelFlow(0))], never()))[0].ok);
    });

    it('does not use a switch with foreign rules at its priority', async () => {
      const [controllers] = rig.model.table.rules;
      rig.model.table.rules.push({ ...controllers, priority: 40_001, cookie: 5n });
      const backend = rig.backend();
      await backend.start(rig.ports(), never());
      assert.equal(backend.capacity().entries, 0);
      assert.match(backend.capabilities().description, /choose another fastPath.priority/);
      assert.ok(new PriorityTaken('a', 1, 2n) instanceof Error);
      assert.equal(rig.model.table.rules.length, 2);
    });

    it('removes unknown rules with its cookie, and no others', async () => {
      const [controllers] = rig.model.table.rules;
      rig.model.table.rules.push({ ...controllers, priority: 7, cookie: 0x4e4b_0000_0000_0123n });
      rig.model.table.rules.push({ ...controllers, priority: 8, cookie: 0x4e4c_0000_0000_0123n });
      await started();
      const cookies = rig.model.table.rules.map((rule) => rule.cookie);
      assert.deepEqual(cookies, [0xc0ffeen, 0x4e4c_0000_0000_0123n]);
    });

    it('sends a flow over the slow path for a moment, and counts no packet twice', async () => {
      const backend = await started({ heartbeatMs: 60, pauseMs: 60 });
      await backend.apply([put(modelFlow(0))], never());
      const went = { out: 0, slow: 0 };
      for (let round = 0; round < 20; round++) {
        const renewed = backend.renewLease(monotonicMs());
        for (let i = 0; i < 4; i++) {
          const port = rig.send(0);
          if (port === 'out' || port === 'slow') went[port]++;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await renewed;
      }
      assert.ok(went.slow >= 3 && went.out >= 3, JSON.stringify(went));
      assert.equal(went.out + went.slow, 80);
      assert.equal((await carried(backend)).get(idText(modelFlow(0)))?.packets, went.out);
      assert.equal(ours(), 1, 'no heartbeat stays behind');
    });

    it('reports exactly the rules in the switch, under any operations and faults', async () => {
      const step = fc.record({
        n: fc.integer({ min: 0, max: 5 }),
        what: fc.constantFrom('put', 'other', 'delete'),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 6 }),
          fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
          async (batches, dice) => {
            const own = await ModelRig.start(version, bundles);
            try {
              const backend = own.backend();
              await backend.start(own.ports(), never());
              own.model.refuse = () => (dice.next().value === 0 ? bad : undefined);
              const where = new Map<number, string>();
              for (const batch of batches) {
                const operations = batch.map(({ n, what }) =>
                  what === 'delete'
                    ? del(modelFlow(n))
                    : put(modelFlow(n, what === 'put' ? 'out' : 'other')),
                );
                const results = await backend.apply(operations, never());
                results.forEach((result, i) => follow(where, batch[i], result));
              }
              for (let n = 0; n < 6; n++) {
                const port = own.send(n);
                const may = where.get(n) ?? 'slow';
                assert.ok(may.split(' ').includes(port ?? ''), `flow ${n}: ${port}, not ${may}`);
              }
              assert.ok(own.model.table.rules.some((rule) => rule.cookie === 0xc0ffeen));
            } finally {
              await own.close();
            }
          },
        ),
        { numRuns: 25 },
      );
    });
  });
}

/** Where a flow may go after a result: a refused put leaves the old entry or none. */
function follow(
  where: Map<number, string>,
  { n, what }: { readonly n: number; readonly what: string },
  result: { readonly ok: boolean },
): void {
  if (!result.ok) {
    if (what !== 'delete' && where.has(n)) where.set(n, `${where.get(n)} slow`);
    return;
  }
  if (what === 'delete') where.delete(n);
  else where.set(n, what === 'put' ? 'out' : 'other');
}
