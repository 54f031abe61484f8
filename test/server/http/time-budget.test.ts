import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Busy } from '../../../server/core/routes.ts';
import { TimeBudget } from '../../../server/http/time-budget.ts';

/** Keeps the processor busy for so long, ms. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('time budget', function () {
  this.timeout(15_000);

  it('lets so much of the time be spent and no more, however much is asked for', async () => {
    const budget = new TimeBudget({ share: 0.2, burstMs: 20, tasks: 1_000 });
    let spentMs = 0;
    let late = 0;
    const ticks = setInterval(() => late++, 10);
    const startMs = performance.now();
    const all = Array.from({ length: 40 }, () =>
      budget.run(() => {
        work(5);
        spentMs += 5;
      }),
    );
    await sleep(500);
    const elapsedMs = performance.now() - startMs;
    clearInterval(ticks);
    assert.ok(spentMs <= 20 + 5 + 0.25 * elapsedMs, `${spentMs} of ${elapsedMs} ms`);
    assert.ok(spentMs >= 30, `${spentMs} ms`);
    assert.ok(late > 20, `only ${late} timers ran beside it`);
    await Promise.all(all);
  });

  it('keeps the order, runs one at a time, and goes on after one that fails', async () => {
    const budget = new TimeBudget({ share: 0.5, burstMs: 50, tasks: 100 });
    const order: number[] = [];
    let running = 0;
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        budget.run(async () => {
          assert.equal(++running, 1);
          await sleep(1);
          running--;
          order.push(i);
          if (i === 3) throw new Error('this one fails');
        }),
      ),
    );
    assert.deepEqual(
      order,
      Array.from({ length: 10 }, (_, i) => i),
    );
    assert.deepEqual(
      results.flatMap((r, i) => (r.status === 'rejected' ? [i] : [])),
      [3],
    );
  });

  it('turns away those for whom there is no room to wait', async () => {
    const budget = new TimeBudget({ share: 0.5, burstMs: 50, tasks: 3 });
    const first = budget.run(() => sleep(20));
    const waiting = [budget.run(() => {}), budget.run(() => {})];
    await assert.rejects(
      budget.run(() => {}),
      Busy,
    );
    await Promise.all([first, ...waiting]);
    await budget.run(() => {});
  });

  it('does not wait for ever for one that hangs', async () => {
    const budget = new TimeBudget({ share: 0.5, burstMs: 50, tasks: 3 });
    void budget.run(() => new Promise<void>(() => {}));
    await budget.run(() => {});
  });
});
