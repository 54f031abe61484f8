import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bestFirst, kthLargest } from '../../../engine/model/select.ts';

describe('kth largest', () => {
  it('agrees with sorting', () => {
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, fc.nat(), (list, pick) => {
        const k = (pick % list.length) + 1;
        const sorted = [...list].sort((a, b) => b - a);
        assert.equal(kthLargest(new Float64Array(list), list.length, k) + 0, sorted[k - 1] + 0);
      }),
    );
  });

  it('is linear for equal and for sorted values', () => {
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

describe('best first', () => {
  it('agrees with sorting, ties included', () => {
    const values = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 });
    fc.assert(
      fc.property(values, fc.nat(220), (list, k) => {
        const rows = list.map((_, i) => i);
        const first = bestFirst(rows, k, (row) => list[row], new Float64Array(list.length));
        const sorted = list.map((_, i) => i).sort((a, b) => list[b] - list[a] || a - b);
        assert.ok(first >= Math.min(k, list.length));
        assert.deepEqual(rows.slice(0, first), sorted.slice(0, first));
        assert.deepEqual(new Set(rows), new Set(sorted));
        if (k > 0 && first > k) assert.equal(list[rows[first - 1]], list[rows[k - 1]]);
      }),
    );
  });
});
