import assert from 'node:assert/strict';
import fc from 'fast-check';
import { kthLargest } from '../../engine/planner/select.ts';

describe('kth largest', () => {
  it('agrees with sorting', () => {
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, fc.nat(), (list, pick) => {
        const k = (pick % list.length) + 1;
        const sorted = [...list].sort((a, b) => b - a);
        assert.equal(kthLargest(new Float64Array(list), list.length, k) - 0, sorted[k - 1] - 0);
      }),
    );
  });

  it('is linear on equal and on sorted values', () => {
    const n = 1_000_000;
    const started = performance.now();
    assert.equal(kthLargest(new Float64Array(n).fill(7), n, n / 2), 7);
    assert.equal(
      kthLargest(
        Float64Array.from({ length: n }, (_, i) => i),
        n,
        10,
      ),
      n - 10,
    );
    assert.ok(performance.now() - started < 2000);
  });
});
