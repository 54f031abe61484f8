import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Busy } from '../../../server/core/routes.ts';
import { TimeBudget } from '../../../server/http/time-budget.ts';

/** Keeps the CPU busy for `ms`. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('time budget', function () {
  this.timeout(15_000);

  it('bounds the share of time under any demand', async () => {
    const budget = new TimeBudget({ share: 0.2, burstMs: 20, tasks: 1_000 });
    let spentMs = 0;
    let timersFired = 0;
    const ticks = setInterval(() => timersFired++, 10);
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
    assert.ok(timersFired > 20, `only ${timersFired} timers fired meanwhile`);
    await Promise.all(all);
  });

  it('runs tasks in order, one at a time, and continues after a failed one', async () => {
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

  it('rejects tasks when the queue is full', async () => {
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

  it('continues after a task that hangs', async () => {
    const budget = new TimeBudget({ share: 0.5, burstMs: 50, tasks: 3 });
    void budget.run(() => new Promise<void>(() => {}));
    await budget.run(() => {});
  });
});
