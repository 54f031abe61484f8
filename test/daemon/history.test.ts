import assert from 'node:assert/strict';
import { History, pointOf } from '../../daemon/history.ts';
import type { NodePoint } from '../../api/history-view.ts';
import { statusOf } from '../support/fake-view.ts';

describe('history', () => {
  /** A view whose points have the given time. */
  function viewAt(timeMs: number): { point(): NodePoint } {
    return { point: () => pointOf(statusOf(), timeMs) };
  }

  it('has one point per second, whatever the tick period', () => {
    const history = new History();
    for (let ms = 0; ms <= 10_000; ms += 250) history.observe(viewAt(ms), ms);
    const times = history.view().columns.timeMs;
    assert.deepEqual(
      times,
      Array.from({ length: 11 }, (_, i) => i * 1_000),
    );
  });

  it('keeps the last ten minutes, oldest first', () => {
    const history = new History();
    for (let s = 0; s < 1_500; s++) history.observe(viewAt(s * 1_000), s * 1_000);
    const { columns } = history.view();
    assert.equal(columns.timeMs.length, 600);
    assert.ok(columns.timeMs.every((ms, i) => ms === (900 + i) * 1_000));
    for (const column of Object.values(columns)) assert.equal(column.length, 600);
  });

  it('has no point before the first tick', () => {
    const history = new History();
    history.observe({ point: () => undefined }, 0);
    assert.deepEqual(history.view().columns.timeMs, []);
  });
});
