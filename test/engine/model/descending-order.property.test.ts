import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DescendingOrder } from '../../../engine/model/descending-order.ts';

/** Comparison that works for infinities, which cannot be subtracted. */
const descending = (a: number, b: number): number => (a === b ? 0 : a > b ? -1 : 1);

describe('DescendingOrder', () => {
  const rate = fc.oneof(
    fc.nat({ max: 3 }),
    fc.float({ noNaN: true }).map((value) => value + 0),
    fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  );

  it('sorts by descending number, and is stable', () => {
    const order = new DescendingOrder();
    fc.assert(
      fc.property(
        fc.array(rate, { maxLength: 200, size: 'max' }),
        fc.nat({ max: 50 }),
        (rates, gap) => {
          // Row numbers have gaps, for flows that left.
          const rows = Int32Array.from(rates, (_, i) => i * (1 + (gap % 3)) + gap);
          const numbers = new Float64Array((rows.at(-1) ?? 0) + 1);
          rates.forEach((value, i) => {
            numbers[rows[i]] = value;
          });
          const expected = [...rows].sort((a, b) => descending(numbers[a], numbers[b]) || a - b);
          const sorted = order.sort(rows, rows.length, numbers);
          assert.deepEqual([...sorted.subarray(0, rows.length)], expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});
