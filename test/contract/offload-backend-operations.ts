import assert from 'node:assert/strict';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { RefusalCode } from '../../engine/model/refusal.ts';
import type { Operation, OperationResult } from '../../engine/ports/offload-backend.ts';
import { aborted, idText, installed, never } from './collect.ts';
import type { WithBackend } from './offload-backend-fixture.ts';
import type { OffloadBackendFixture } from './offload-backend-fixture.ts';

/** Puts, deletes, refusals and capacity, without packets. */
export function describeOperations(withBackend: WithBackend): void {
  describe('operations', () => {
    it(
      'installs, finds unchanged, replaces, deletes, finds absent',
      withBackend(async (f, backend) => {
        const flow = f.flow(0);
        const outcomes = [];
        const steps = [put(flow), put(flow), put(f.redirected(0)), del(flow), del(flow)];
        for (const step of steps)
          outcomes.push(...outcomesOf(await backend.apply([step], never())));
        assert.deepEqual(outcomes, ['installed', 'unchanged', 'replaced', 'deleted', 'absent']);
      }),
    );

    it(
      'answers each operation, in order, within one call',
      withBackend(async (f, backend) => {
        const results = await backend.apply(
          [put(f.flow(0)), del(f.flow(1)), put(f.flow(1)), put(f.flow(0)), del(f.flow(1))],
          never(),
        );
        assert.deepEqual(outcomesOf(results), [
          'installed',
          'absent',
          'installed',
          'unchanged',
          'deleted',
        ]);
        assert.deepEqual(await installed(backend), [idText(f.flow(0))]);
      }),
    );

    it(
      'accepts an empty list of operations',
      withBackend(async (_, backend) => {
        assert.deepEqual(await backend.apply([], never()), []);
      }),
    );

    it(
      'refuses unsupported operations and executes the rest',
      withBackend(async (f, backend) => {
        for (const { what, flow, code } of refusals(f)) {
          const results = await backend.apply([put(f.flow(1)), put(flow), put(f.flow(2))], never());
          const [before, refused, after] = results;
          assert.equal(results.length, 3);
          assert.ok(before.ok && after.ok, `${what}: the others`);
          assert.ok(!refused.ok, `${what}: not refused`);
          assert.equal(refused.refusal.code, code, what);
          assert.notEqual(refused.refusal.detail, '', what);
        }
        const expected = [idText(f.flow(1)), idText(f.flow(2))].sort();
        assert.deepEqual(await installed(backend), expected);
      }),
    );

    it(
      'supports() predicts refusals and changes nothing',
      withBackend(async (f, backend) => {
        for (let round = 0; round < 2; round++) {
          assert.deepEqual(backend.supports(f.flow(0)), { ok: true });
          for (const { what, flow, code } of refusals(f)) {
            const support = backend.supports(flow);
            assert.ok(!support.ok, what);
            assert.equal(support.refusal.code, code, what);
          }
        }
        assert.equal(backend.capacity().used, 0);
        assert.deepEqual(await installed(backend), []);
      }),
    );

    it(
      'keeps the old entry or none when a replacement is refused',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        const worse: FlowSpec = { ...f.flow(0), actions: [{ kind: 'opaque', text: 'sample(1)' }] };
        const [result] = await backend.apply([put(worse)], never());
        assert.ok(!result.ok);
        // Put again: unchanged or installed; never a replacement of something else.
        const [again] = outcomesOf(await backend.apply([put(f.flow(0))], never()));
        assert.ok(again === 'unchanged' || again === 'installed', `it was ${again}`);
      }),
    );

    it(
      'counts its entries and lists the installed ones',
      withBackend(async (f, backend) => {
        const { entries, used } = backend.capacity();
        assert.equal(used, 0);
        assert.ok(entries >= 1 && entries <= backend.capabilities().entries);
        const flows = [0, 1, 2, 3, 4].map((n) => f.flow(n));
        await backend.apply(flows.map(put), never());
        await backend.apply([del(f.flow(3))], never());
        const left = flows.filter((_, n) => n !== 3).map(idText);
        assert.deepEqual(await installed(backend), left.sort());
        assert.equal(backend.capacity().used, 4);
      }),
    );

    it(
      'refuses flows beyond its size, and accepts one again after a delete',
      withBackend(
        async (f, backend) => {
          const { entries } = backend.capabilities();
          assert.ok(entries <= 100, `asked for 16 entries, the fixture gave ${entries}`);
          const flows = Array.from({ length: entries + 8 }, (_, n) => f.flow(n));
          const results = await backend.apply(flows.map(put), never());
          const refused = results.filter((r) => !r.ok);
          assert.ok(refused.length >= 8);
          for (const { refusal } of refused) {
            assert.ok(['table-full', 'probe-depth'].includes(refusal.code), refusal.code);
          }
          const kept = flows.filter((_, n) => results[n].ok);
          assert.deepEqual(await installed(backend), kept.map(idText).sort());
          assert.equal(backend.capacity().used, kept.length);
          const [gone, back] = await backend.apply([del(kept[0]), put(kept[0])], never());
          assert.ok(gone.ok && back.ok, 'room for the one that was taken out');
        },
        { entries: 16 },
      ),
    );

    it(
      'reuses the space of entries deleted earlier in the same call',
      withBackend(
        async (f, backend) => {
          const { entries } = backend.capabilities();
          const flows = Array.from({ length: entries * 2 }, (_, n) => f.flow(n));
          const results = await backend.apply(flows.map(put), never());
          const kept = flows.filter((_, n) => results[n].ok);
          const [first, second] = kept;
          const others = Array.from({ length: 2 }, (_, n) => f.flow(entries * 2 + n));
          const swap = [del(first), del(second), ...others.map(put)];
          const swapped = await backend.apply(swap, never());
          // A hash table may be crowded where one of them belongs, but it is not full.
          for (const result of swapped) {
            assert.ok(result.ok || result.refusal.code === 'probe-depth', JSON.stringify(result));
          }
          const placed = others.filter((_, n) => swapped[2 + n].ok);
          const left = [...kept.slice(2), ...placed];
          assert.deepEqual(await installed(backend), left.map(idText).sort());
        },
        { entries: 16 },
      ),
    );

    it(
      'withdraws all entries and returns their number',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0)), put(f.flow(1)), put(f.flow(2))], never());
        assert.equal(await backend.withdrawAll(), 3);
        assert.deepEqual(await installed(backend), []);
        assert.equal(backend.capacity().used, 0);
        assert.equal(await backend.withdrawAll(), 0);
      }),
    );

    it(
      'does nothing when the signal is aborted',
      withBackend(async (f, backend) => {
        await assert.rejects(backend.apply([put(f.flow(0))], aborted()));
        await assert.rejects(backend.entries({ entry: () => undefined }, aborted()));
        await assert.rejects(backend.counters({ carried: () => undefined }, aborted()));
        assert.deepEqual(await installed(backend), []);
      }),
    );

    it(
      'states its capabilities',
      withBackend(async (_, backend) => {
        const c = backend.capabilities();
        assert.ok(c.entries > 0 && c.masks > 0);
        assert.ok(c.leaseMs > 0, 'every backend has a dead man');
        assert.ok(c.heartbeatMs >= 0);
        assert.ok(c.heartbeatLimitMs >= c.heartbeatMs);
        assert.match(c.description, /^[^\n]+$/);
        assert.notEqual(backend.name, '');
      }),
    );
  });
}

/** Installs or replaces a flow. */
export function put(flow: FlowSpec): Operation {
  return { kind: 'put', flow };
}

/** Deletes a flow's entry. */
export function del(flow: FlowSpec): Operation {
  return { kind: 'delete', id: flow.id };
}

/** Outcomes, or codes of refusals, in order. */
export function outcomesOf(results: readonly OperationResult[]): string[] {
  return results.map((r) => (r.ok ? r.outcome : r.refusal.code));
}

/** Flows that every backend refuses, and those that this one refuses. */
function refusals(f: OffloadBackendFixture) {
  const flow = f.flow(100);
  const every: { what: string; flow: FlowSpec; code: RefusalCode }[] = [
    {
      what: 'an unknown condition',
      flow: {
        ...flow,
        match: { ...flow.match, opaque: [{ name: 'ct_state', text: 'ct_state(+est)' }] },
      },
      code: 'unsupported-match',
    },
    {
      what: 'an unknown action',
      flow: { ...flow, actions: [{ kind: 'opaque', text: 'userspace(pid=7)' }] },
      code: 'unsupported-action',
    },
    {
      what: 'a way to no port',
      flow: { ...flow, actions: [{ kind: 'output', port: 'no-such-port' }] },
      code: 'port-unavailable',
    },
    {
      what: 'a way from no port',
      flow: { ...flow, match: { ...flow.match, inPort: 'no-such-port' } },
      code: 'port-unavailable',
    },
  ];
  return [...every, ...f.refused];
}
