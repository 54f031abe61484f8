import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FreeRows } from '../../../engine/model/free-rows.ts';

describe('free rows', () => {
  it('are a set of rows of which the lowest is taken first', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), row: fc.nat(200) }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('trim' as const), end: fc.nat(200) }),
      fc.record({ do: fc.constant('resize' as const), rows: fc.integer({ min: 1, max: 200 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const free = new FreeRows();
        let expected = new Set<number>();
        let rows = 200;
        free.resize(rows);
        for (const next of steps) {
          if (next.do === 'add' && next.row < rows) {
            free.add(next.row);
            expected.add(next.row);
          } else if (next.do === 'take') {
            const lowest = Math.min(...expected);
            assert.equal(free.takeLowest(), expected.size === 0 ? -1 : lowest);
            expected.delete(lowest);
          } else if (next.do === 'trim' && next.end <= rows) {
            let end = next.end;
            while (expected.delete(end - 1)) end--;
            assert.equal(free.trim(next.end), end);
          } else if (next.do === 'resize') {
            rows = next.rows;
            free.resize(rows);
            expected = new Set([...expected].filter((row) => row < rows));
          }
        }
        for (const row of [...expected].sort((a, b) => a - b)) assert.equal(free.takeLowest(), row);
        assert.equal(free.takeLowest(), -1);
      }),
      { numRuns: 500 },
    );
  });
});
