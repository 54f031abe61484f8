import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MemoryBackend } from '../../simulation/memory-backend.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { anyFrom, flowId, outputTo } from '../support/flows.ts';

function flow(n: number): FlowSpec {
  return { id: flowId(n), match: anyFrom('vm1'), actions: outputTo('vm2') };
}

async function numbersIn(backend: MemoryBackend): Promise<number[]> {
  const ids: number[] = [];
  await backend.entries({ entry: (id) => ids.push(id.w3) });
  return ids.toSorted((a, b) => a - b);
}

describe('simulation: memory backend', () => {
  it('does what a map of entries would, and loses no packet of deleted ones', async () => {
    const step = fc.record({
      what: fc.constantFrom('put', 'put', 'delete', 'carry', 'carry', 'read', 'withdraw'),
      n: fc.nat(9),
      packets: fc.integer({ min: 1, max: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(6), async (steps, room) => {
        const clock = new ManualClock(1000);
        const lived: number[] = [];
        const backend = new MemoryBackend({
          placement: 'offload',
          entries: room + 1,
          clock,
          ended: (ms) => lived.push(ms),
        });
        const model = new Map<number, number>();
        const expectedLives: number[] = [];
        const lastMs = new Map<number, number>();
        let sent = 0;
        let told = 0;
        const read = async (): Promise<void> => {
          await backend.counters({
            carried: (_w0, _w1, _w2, w3, packets, bytes, idleMs) => {
              assert.equal(clock.now() - idleMs, lastMs.get(w3));
              assert.equal(bytes, packets * 10);
              told += packets;
            },
          });
          assert.equal(told, sent);
        };
        for (const { what, n, packets } of steps) {
          clock.advance(10);
          if (what === 'put') {
            const [result] = await backend.apply([{ kind: 'put', flow: flow(n) }]);
            const fits = model.has(n) || model.size <= room;
            assert.equal(result.ok, fits);
            if (fits && !model.has(n)) model.set(n, clock.now());
          } else if (what === 'delete') {
            const [result] = await backend.apply([{ kind: 'delete', id: flowId(n) }]);
            assert.deepEqual(result, { ok: true, outcome: model.has(n) ? 'deleted' : 'absent' });
            const since = model.get(n);
            if (since !== undefined) expectedLives.push(clock.now() - since);
            model.delete(n);
          } else if (what === 'carry') {
            const place = backend.placeOf(flowId(n));
            assert.equal(place >= 0, model.has(n));
            if (place >= 0) {
              lastMs.set(n, clock.now() - (n % 3));
              backend.carry(place, packets, packets * 10, clock.now() - (n % 3));
              sent += packets;
            }
          } else if (what === 'read') {
            await read();
          } else {
            for (const since of model.values()) expectedLives.push(clock.now() - since);
            assert.equal(await backend.withdrawAll(), model.size);
            model.clear();
          }
          assert.deepEqual(
            await numbersIn(backend),
            [...model.keys()].toSorted((a, b) => a - b),
          );
          assert.equal(backend.capacity().used, model.size);
        }
        await read();
        const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
        assert.deepEqual(sorted(lived), sorted(expectedLives));
        const ages = [...model.values()].map((since) => clock.now() - since);
        assert.deepEqual(sorted(backend.ages(clock.now())), sorted(ages));
      }),
      { numRuns: 200 },
    );
  });
});
