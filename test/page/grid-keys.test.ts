import assert from 'node:assert/strict';
import fc from 'fast-check';
import { moved } from '../../page/parts/grid-keys.ts';

describe('keys in the table of flows', () => {
  it('keep the active row within the table', () => {
    const keys = ['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...keys), { maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (pressed, rows, page) => {
          let at = 0;
          for (const key of pressed) {
            const next = moved(key, at, rows, page);
            assert.ok(next !== undefined && next >= 0 && next < rows);
            at = next;
          }
        },
      ),
    );
  });

  it('have no effect without rows, and for other keys', () => {
    assert.equal(moved('ArrowDown', 0, 0, 5), undefined);
    assert.equal(moved('x', 0, 9, 5), undefined);
  });
});
