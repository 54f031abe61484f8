import assert from 'node:assert/strict';
import { summarizeInstalls } from '../../../engine/loop/install-summary.ts';
import type { RefusalCode } from '../../../engine/model/refusal.ts';

const PUT = { kind: 'put', result: { ok: true, outcome: 'installed' } } as const;
const DELETE = { kind: 'delete', result: { ok: true, outcome: 'deleted' } } as const;

const refused = (code: RefusalCode = 'table-full') =>
  ({ kind: 'put', result: { ok: false, refusal: { code, detail: 'test' } } }) as const;

describe('what installations say about a table', () => {
  it('counts the last refusals in a row, whatever was removed between them', () => {
    const operations = [refused(), PUT, refused(), DELETE, refused()];
    assert.deepEqual(summarizeInstalls(operations), {
      tried: 4,
      refusedLast: 2,
      isSelective: true,
    });
    assert.equal(summarizeInstalls([refused(), PUT]).refusedLast, 0);
  });

  it('counts only refusals that a full table could give', () => {
    for (const code of ['probe-depth', 'device-error', 'mask-table-full'] as const) {
      const operations = [refused(), refused(code)];
      assert.deepEqual(summarizeInstalls(operations), {
        tried: 2,
        refusedLast: 0,
        isSelective: false,
      });
    }
  });

  it('finds a table selective if it accepts a flow with as many entries as when it refused one', () => {
    const isSelective = (...operations: Parameters<typeof summarizeInstalls>[0]): boolean =>
      summarizeInstalls(operations).isSelective;
    assert.equal(isSelective(refused(), PUT), true);
    assert.equal(isSelective(PUT, refused()), false);
    assert.equal(isSelective(refused(), DELETE, PUT), false, 'one entry fewer');
    assert.equal(isSelective(refused(), DELETE, PUT, PUT), true);
    assert.equal(isSelective(refused(), DELETE, DELETE, refused(), PUT), true);
    const again = { kind: 'put', result: { ok: true, outcome: 'unchanged' } } as const;
    assert.equal(isSelective(refused(), DELETE, again, PUT), false);
  });
});
